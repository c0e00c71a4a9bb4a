//! A cast: many people at once, with what each of them plays, from Rust, JSON or TOML.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::persona::{Persona, PersonaError};
use super::{Human, HumanError};
use crate::{AccountError, NewAccount, Simulator};

/// People who join at the same time. Joining is mostly arithmetic, so more would only take turns.
const JOINING: usize = 8;
/// People of one cast at most.
const MOST: usize = 5_000;

/// People, and the personas they share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Personas by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub personas: BTreeMap<String, Persona>,
    /// Accounts with a phone and no client yet: those that bots will be linked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<NewAccount>,
    /// Who there is.
    #[serde(default)]
    pub people: Vec<Role>,
}

/// One person of a cast, or several who are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name others see. With `count`, numbered: "Guest 1", "Guest 2" …
    pub push_name: String,
    /// Phone number; drawn when left out. With `count`, the first of as many in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// How many there are of this kind; one unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// What they play, by name; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
}

/// Why a cast did not come together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CastError {
    /// A role with a persona that is not there.
    #[error("{push_name:?} plays {persona:?}, and there is no such persona; there is {known}")]
    UnknownPersona {
        /// Whose.
        push_name: String,
        /// Which.
        persona: String,
        /// What there is.
        known: String,
    },
    /// More people than one cast may have.
    #[error("{0} people are too many for one cast; up to {MOST} can join at once")]
    TooMany(usize),
    /// Not a number one can count up from.
    #[error("{0:?} is not a phone number in digits to count up from")]
    BadFirstPhone(String),
    /// A persona makes no sense.
    #[error("a persona makes no sense")]
    Persona(#[from] PersonaError),
    /// Not TOML, or not a cast.
    #[error("the TOML is not a cast")]
    Toml(#[from] toml::de::Error),
    /// Not JSON, or not a cast.
    #[error("the JSON is not a cast")]
    Json(#[from] serde_json::Error),
    /// An account could not be made.
    #[error("making the account of {push_name:?} failed")]
    Account {
        /// Whose.
        push_name: String,
        /// Why.
        source: AccountError,
    },
    /// Somebody could not join.
    #[error("somebody could not join")]
    Join(#[from] HumanError),
}

impl Cast {
    /// Reads a cast from TOML; the error names the place.
    pub fn from_toml(text: &str) -> Result<Self, CastError> {
        let cast: Self = toml::from_str(text)?;
        cast.check()?;
        Ok(cast)
    }

    /// Reads a cast from JSON; the error names the place.
    pub fn from_json(text: &str) -> Result<Self, CastError> {
        let cast: Self = serde_json::from_str(text)?;
        cast.check()?;
        Ok(cast)
    }

    /// How many people it has.
    pub fn size(&self) -> usize {
        self.people
            .iter()
            .map(|role| role.count.unwrap_or(1))
            .fold(0, usize::saturating_add)
    }

    /// Everybody joins and begins to play, a few at a time. Answers them in the order of the cast.
    ///
    /// Accounts are made first and in order, so the same seed gives everybody the same number and keys. When somebody
    /// cannot join, those who did leave again; the accounts stay.
    pub async fn join(&self, simulator: &Simulator) -> Result<Vec<Human>, CastError> {
        self.check()?;
        let make = |spec: NewAccount| {
            let push_name = spec.push_name.clone();
            let made = simulator.create_account(spec);
            made.map_err(|source| CastError::Account { push_name, source })
        };
        for spec in &self.accounts {
            make(spec.clone())?;
        }
        let mut accounts = Vec::new();
        for role in &self.people {
            for spec in role.accounts()? {
                accounts.push((make(spec)?, role.persona.clone()));
            }
        }
        let joining = stream::iter(accounts).map(|(account, persona)| async move {
            let human = Human::join_as(simulator, account).await?;
            Ok::<_, HumanError>((human, persona))
        });
        let joined: Vec<_> = joining.buffered(JOINING).collect().await;
        if joined.iter().any(Result::is_err) {
            return Err(dissolve(joined).await);
        }
        let mut people = Vec::new();
        // Nobody speaks before everybody is there to hear it.
        for (human, persona) in joined.into_iter().flatten() {
            if let Some(persona) = persona.and_then(|name| self.personas.get(&name)) {
                human.behave(persona.clone())?;
            }
            people.push(human);
        }
        Ok(people)
    }

    fn check(&self) -> Result<(), CastError> {
        let size = self.size();
        if size > MOST {
            return Err(CastError::TooMany(size));
        }
        self.personas.values().try_for_each(Persona::check)?;
        for role in &self.people {
            if let Some(persona) = &role.persona
                && !self.personas.contains_key(persona)
            {
                return Err(CastError::UnknownPersona {
                    push_name: role.push_name.clone(),
                    persona: persona.clone(),
                    known: self.known(),
                });
            }
        }
        Ok(())
    }

    /// The names of its personas, for errors.
    fn known(&self) -> String {
        if self.personas.is_empty() {
            return "none".to_owned();
        }
        self.personas.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// Lets everybody leave again; answers why the first who could not join could not.
async fn dissolve<P>(joined: Vec<Result<(Human, P), HumanError>>) -> CastError {
    let mut first = HumanError::NotConnected;
    for joined in joined.into_iter().rev() {
        match joined {
            Ok((human, _)) => human.leave().await,
            Err(error) => first = error,
        }
    }
    first.into()
}

impl Role {
    /// What the accounts of this role are made from.
    fn accounts(&self) -> Result<Vec<NewAccount>, CastError> {
        let Some(count) = self.count else {
            return Ok(vec![NewAccount {
                push_name: self.push_name.clone(),
                phone: self.phone.clone(),
            }]);
        };
        let first = match &self.phone {
            None => None,
            Some(phone) => {
                let number: Option<u64> = phone.parse().ok();
                Some(number.ok_or_else(|| CastError::BadFirstPhone(phone.clone()))?)
            }
        };
        let accounts = (0_u64..).take(count).map(|n| NewAccount {
            push_name: format!("{} {}", self.push_name, n + 1),
            phone: first.map(|first| first.saturating_add(n).to_string()),
        });
        Ok(accounts.collect())
    }
}
