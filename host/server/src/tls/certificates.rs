//! The certificate that is shown, and another one when its files say so.
//!
//! Whatever renews certificates writes two files, one after the other, and may write nonsense. What is shown stays until both files are
//! there, can be read, and fit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;

use super::identity::{Identity, TlsError, Written};
use super::meters::{Meters, Read};
use crate::config::tls::Tls;
use crate::rfc3339::rfc3339;
use waspnest_core::current::Current;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(60);

/// What is offered, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate of the listener. Clones are the same.
#[derive(Debug, Clone)]
pub struct Certificates {
    shown: Current<CertifiedKey>,
    files: Current<Tls>,
    /// What was read last, whether it could be used or not.
    seen: Arc<Mutex<[u8; 32]>>,
    meters: Meters,
}

/// What came of looking at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// They say what they said.
    Same,
    /// Another certificate is shown from now on.
    Another,
}

/// Shows what is to be shown now.
#[derive(Debug)]
struct Showing(Current<CertifiedKey>);

impl ResolvesServerCert for Showing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.get())
    }
}

impl Certificates {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn open(files: Tls, meters: Meters) -> Result<Self, TlsError> {
        let written = Written::read(&files)?;
        let identity = Identity::of(&files, &written)?;
        meters.read(Read::Taken);
        meters.holds_until(identity.not_after);
        Ok(Self {
            shown: CertifiedKey::clone(&identity.certified).into(),
            files: files.into(),
            seen: Arc::new(Mutex::new(written.digest())),
            meters,
        })
    }

    /// What takes connections. It shows what is to be shown at the time.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks both versions");
        let mut config = config
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Showing(self.shown.clone())));
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Looks whether the files say something else than when they were looked at last.
    ///
    /// # Errors
    /// [`TlsError`]; what was shown is shown on. What is wrong with files that can be read is said once.
    pub fn look(&self) -> Result<Renewed, TlsError> {
        self.take(&self.files.get())
    }

    /// Shows what other files say, and looks at these from now on.
    ///
    /// # Errors
    /// [`TlsError`]; what was shown is shown on, and the old files are looked at.
    pub fn turn_to(&self, files: Tls) -> Result<Renewed, TlsError> {
        // Whoever asks is told what is wrong, and not only that it is what it was.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = [0; 32];
        let renewed = self.take(&files)?;
        self.files.set(files);
        Ok(renewed)
    }

    fn take(&self, files: &Tls) -> Result<Renewed, TlsError> {
        let read = self.read(files);
        if read.is_err() {
            self.meters.read(Read::Unusable);
        }
        let Some(identity) = read? else {
            return Ok(Renewed::Same);
        };
        let another = self.shown.get().cert != identity.certified.cert;
        self.shown.set(CertifiedKey::clone(&identity.certified));
        self.meters.holds_until(identity.not_after);
        if !another {
            return Ok(Renewed::Same);
        }
        self.meters.read(Read::Taken);
        tracing::info!(until = rfc3339(identity.not_after), "another certificate is shown");
        Ok(Renewed::Another)
    }

    /// What the files say; none when they say what they said.
    fn read(&self, files: &Tls) -> Result<Option<Identity>, TlsError> {
        let written = Written::read(files)?;
        let digest = written.digest();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *seen, digest) == digest {
            return Ok(None);
        }
        drop(seen);
        Identity::of(files, &written).map(Some)
    }

    /// Looks at the files again and again, until `stop`.
    pub async fn renew(self, clock: Arc<dyn Clock>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = clock.sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = self.look() {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the certificate cannot be renewed; the old one is shown on");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    struct Files {
        dir: tempfile::TempDir,
        tls: Tls,
    }

    impl Files {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("a directory");
            let tls = Tls {
                certificate: dir.path().join("tls.crt"),
                key: dir.path().join("tls.key"),
            };
            let files = Self { dir, tls };
            let (certificate, key) = pair(2030);
            files.write(&certificate, &key);
            files
        }

        fn write(&self, certificate: &str, key: &str) {
            std::fs::write(&self.tls.certificate, certificate).expect("written");
            std::fs::write(&self.tls.key, key).expect("written");
        }
    }

    /// A certificate that holds until the end of a year, and its key.
    fn pair(year: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec!["host.example".to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn what_is_wrong_with_the_files_is_said_by_name() {
        let files = Files::new();
        let (certificate, key) = pair(2030);
        let (_, other) = pair(2030);
        let fails = |certificate: &str, key: &str, says: &str| {
            files.write(certificate, key);
            let error = Identity::load(&files.tls).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        };
        fails(&key, &key, "tls.crt holds no certificate");
        fails(&certificate, &certificate, "tls.key holds no private key");
        fails("-----BEGIN CERTIFICATE-----\n??", &key, "tls.crt is not PEM");
        fails(
            "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
            &key,
            "the first certificate in",
        );
        fails(&certificate, &other, "does not go with the first certificate");
        std::fs::remove_file(&files.tls.key).expect("removed");
        let error = Identity::load(&files.tls).expect_err("it is gone").to_string();
        assert!(error.contains("cannot read") && error.contains("tls.key"), "{error}");
        files.write(&certificate, &key);
        let identity = Identity::load(&files.tls).expect("it can be used");
        assert_eq!(identity.names, ["host.example"]);
        assert_eq!(rfc3339(identity.not_after), "2030-12-31T00:00:00.000Z");
    }

    #[test]
    fn the_old_certificate_is_shown_until_both_files_are_new_and_fit() {
        let files = Files::new();
        let shown = Certificates::open(files.tls.clone(), Meters::default()).expect("it can be used");
        let first = shown.shown.get();
        assert_eq!(shown.look().expect("nothing is wrong"), Renewed::Same);

        // The certificate is there before its key.
        let (certificate, key) = pair(2031);
        std::fs::write(&files.tls.certificate, &certificate).expect("written");
        assert!(shown.look().is_err());
        assert_eq!(shown.look().expect("it was said"), Renewed::Same);
        assert_eq!(shown.shown.get().cert, first.cert);
        std::fs::write(&files.tls.key, &key).expect("written");
        assert_eq!(shown.look().expect("they fit"), Renewed::Another);
        assert_ne!(shown.shown.get().cert, first.cert);

        // Who asks is told again.
        files.write("nonsense", "nonsense");
        assert!(shown.look().is_err());
        assert!(shown.turn_to(files.tls.clone()).is_err());
        assert!(shown.turn_to(files.tls.clone()).is_err());
        let elsewhere = Tls {
            certificate: files.dir.path().join("other.crt"),
            key: files.dir.path().join("other.key"),
        };
        let (certificate, key) = pair(2032);
        std::fs::write(&elsewhere.certificate, certificate).expect("written");
        std::fs::write(&elsewhere.key, key).expect("written");
        assert_eq!(shown.turn_to(elsewhere).expect("they fit"), Renewed::Another);
        assert_eq!(shown.look().expect("the new files are looked at"), Renewed::Same);
    }
}
