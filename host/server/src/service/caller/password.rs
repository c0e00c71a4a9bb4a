//! Passwords: argon2id, off the threads that answer requests, a few at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash as Phc, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use waspnest_core::caller::PasswordHash;
use waspnest_core::clock::Ids;

/// Hashes at a time: each takes 19 MiB and a core for a good part of a tenth of a second.
const AT_A_TIME: usize = 2;
/// Who may wait for a turn.
const WAITING: usize = 16;

/// Characters of the shortest password (NIST SP 800-63B asks for 8, and 15 where it stands alone).
const SHORTEST: usize = 10;
/// Bytes of the longest: hashing is what somebody else decides about the length of.
const LONGEST: usize = 256;

/// A text that cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short or too long.
    #[error("a password has {SHORTEST} characters to {LONGEST} bytes")]
    Length,
    /// It says the name.
    #[error("a password is not the user's name")]
    Name,
}

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash could not be made or read.
    #[error("the password could not be checked")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Makes and compares hashes. Clones share the places.
#[derive(Debug, Clone)]
pub struct Hasher {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_A_TIME)),
            queue: Arc::new(Semaphore::new(AT_A_TIME + WAITING)),
        }
    }
}

/// Refuses what is no password for a user of this name.
///
/// # Errors
/// [`WeakPassword`].
pub fn judge(name: &str, password: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(WeakPassword::Length);
    }
    if password.eq_ignore_ascii_case(name) {
        return Err(WeakPassword::Name);
    }
    Ok(())
}

/// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

impl Hasher {
    /// The hash of a password that was judged.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: &str, ids: &dyn Ids) -> Result<PasswordHash, PasswordError> {
        let mut salt = [0; 16];
        for part in salt.chunks_exact_mut(8) {
            part.copy_from_slice(&ids.seed().to_be_bytes());
        }
        self.work(password, move |password| {
            let salt = SaltString::encode_b64(&salt)?;
            let hash = argon2().hash_password(password, &salt)?;
            Ok(PasswordHash::new(hash.to_string()))
        })
        .await
    }

    /// Whether a password is the one of a hash.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn verify(&self, password: &str, hash: &PasswordHash) -> Result<bool, PasswordError> {
        let hash = hash.clone();
        self.work(password, move |password| {
            let known = Phc::new(hash.expose())?;
            match argon2().verify_password(password, &known) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Takes as long as comparing does: for a name that nobody has.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn spend(&self, password: &str) -> Result<(), PasswordError> {
        self.work(password, |password| {
            let salt = SaltString::encode_b64(&[0; 16])?;
            argon2().hash_password(password, &salt).map(|_| ())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        password: &str,
        work: impl FnOnce(&[u8]) -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let broken = |error: &dyn std::fmt::Display| PasswordError::Broken(error.to_string().into());
        let _waiting = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|error| broken(&error))?;
        let password = password.to_owned();
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work ends, also when nobody waits for it any more.
            let _place = place;
            work(password.as_bytes())
        });
        let done = done.await.map_err(|error| broken(&error))?;
        done.map_err(|error| broken(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waspnest_core::clock::SeededIds;

    #[tokio::test]
    async fn a_hash_is_of_one_password_and_names_its_parameters() {
        let (hasher, ids) = (Hasher::default(), SeededIds::new(1));
        let hash = hasher.hash("correct horse", &ids).await.expect("it hashes");
        assert!(
            hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.expose()
        );
        assert!(hasher.verify("correct horse", &hash).await.expect("it reads"));
        assert!(!hasher.verify("correct horsf", &hash).await.expect("it reads"));
        let again = hasher.hash("correct horse", &ids).await.expect("it hashes");
        assert_ne!(hash, again, "every hash has a salt of its own");
        let odd = hasher.verify("correct horse", &PasswordHash::new("nonsense")).await;
        assert!(matches!(odd, Err(PasswordError::Broken(_))), "{odd:?}");
    }

    #[tokio::test]
    async fn only_so_many_wait() {
        let hasher = Hasher::default();
        let held = hasher.places.acquire_many(2).await.expect("they are free");
        let mut waiting: Vec<_> = (0..AT_A_TIME + WAITING)
            .map(|_| Box::pin(hasher.spend("correct horse")))
            .collect();
        for waits in &mut waiting {
            assert!(futures::poll!(waits.as_mut()).is_pending());
        }
        assert!(matches!(hasher.spend("correct horse").await, Err(PasswordError::Busy)));
        drop(waiting);
        drop(held);
        hasher.spend("correct horse").await.expect("there is room again");
    }

    #[test]
    fn what_is_easily_guessed_is_no_password() {
        assert_eq!(judge("ada", "correct horse"), Ok(()));
        assert_eq!(judge("ada", "short"), Err(WeakPassword::Length));
        assert_eq!(judge("ada", &"x".repeat(257)), Err(WeakPassword::Length));
        assert_eq!(judge("ada@example.com", "Ada@Example.com"), Err(WeakPassword::Name));
    }
}
