//! Letting a plugin check its configuration, as the host does before it uses one.

use super::Host;
use super::double;
use super::state::EVERYTHING;
use crate::handler::{self, ConfigCheck};
use crate::types::{HandlerError, Issue, Outcome};

impl Host {
    /// What a plugin says of the configuration that [`Host::with_config`] set. Every capability answers `denied` meanwhile.
    #[must_use]
    pub fn issues<P: ConfigCheck>(&self) -> Vec<Issue> {
        let mut state = self.state.clone();
        state.denied.insert(EVERYTHING.into());
        let config = state.config.clone();
        let mut issues = Vec::new();
        // The state is a copy that nobody keeps, whatever the plugin tried.
        drop(double::with_state(state, || {
            issues = handler::issues::<P>(&config);
            Ok::<_, HandlerError>(Outcome::next())
        }));
        issues
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::kv;

    struct Shop;

    #[derive(Deserialize)]
    struct Hours {
        from: u32,
        until: u32,
    }

    impl ConfigCheck for Shop {
        type Config = Hours;

        fn validate_config(hours: &Hours) -> Vec<Issue> {
            assert!(
                kv::chat().and_then(|store| store.put("a", "b")).is_err(),
                "nothing is granted"
            );
            match hours.from < hours.until {
                true => Vec::new(),
                false => vec![Issue::fatal("/until", "must be later than from")],
            }
        }
    }

    #[test]
    fn a_configuration_is_checked() {
        let issues = |json: &str| Host::new().with_config(json).issues::<Shop>();
        assert_eq!(issues(r#"{ "from": 8, "until": 17 }"#), []);
        assert_eq!(
            issues(r#"{ "from": 8, "until": 7 }"#),
            [Issue::fatal("/until", "must be later than from")]
        );
        let of_another_form = issues(r#"{ "from": 8 }"#);
        assert!(of_another_form[0].message.contains("until"), "{of_another_form:?}");
    }
}
