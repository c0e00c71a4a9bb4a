//! What somebody types while they chat with a plugin: words to say, or a line that begins with `:`.

use std::time::Duration;

/// What can be typed, for whoever asks.
pub(super) const HELP: &str = "\
  whatever you type is said to the plugin; lines that begin with a colon are for us:
  :as NAME      you are NAME from now on
  :in GROUP     you write in GROUP, which has you in it; without a name to the account alone again
  :react EMOJI  you react to the plugin's last message, or take that back without an emoji
  :vote A, B    you vote in its last poll, or take that back without an option
  :pass SPAN    so much time passes, such as 90s, 2h or 3d
  :restart      the host ends and starts again
  :quit         ends this; the end of the input does too";

/// What is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing.
    Empty,
    /// Words for the plugin.
    Say(Box<str>),
    /// Be somebody.
    As(Box<str>),
    /// Write in a group; none for the account alone.
    In(Option<Box<str>>),
    /// React to the plugin's last message; none takes it back.
    React(Option<Box<str>>),
    /// Vote in its last poll.
    Vote(Vec<Box<str>>),
    /// Let time pass.
    Pass(Duration),
    /// Let the host end and start again.
    Restart,
    /// Say what can be typed.
    Help,
    /// End.
    Quit,
}

/// The longest time that one line lets pass.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

impl Line {
    /// Reads it, or says what is wrong.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some(order) = text.strip_prefix(':') else {
            return Ok(match text {
                "" => Self::Empty,
                text => Self::Say(text.into()),
            });
        };
        let (order, rest) = order.split_once(char::is_whitespace).unwrap_or((order, ""));
        let rest = rest.trim();
        let alone = |line: Self| match rest {
            "" => Ok(line),
            _ => Err(format!(":{order} stands alone")),
        };
        match order {
            "as" => Ok(Self::As(name(rest)?)),
            "in" if rest.is_empty() => Ok(Self::In(None)),
            "in" => Ok(Self::In(Some(name(rest)?))),
            "react" => Ok(Self::React((!rest.is_empty()).then(|| rest.into()))),
            "vote" => {
                let options = rest.split(',').map(str::trim).filter(|option| !option.is_empty());
                Ok(Self::Vote(options.map(Into::into).collect()))
            }
            "pass" => match humantime::parse_duration(rest) {
                Ok(span) if span <= LONGEST => Ok(Self::Pass(span)),
                Ok(_) => Err("a year at most can pass at once".to_owned()),
                Err(_) => Err(format!("{rest:?} is no span of time; write one such as 90s, 2h or 3d")),
            },
            "restart" => alone(Self::Restart),
            "help" => alone(Self::Help),
            "quit" => alone(Self::Quit),
            _ => Err(format!("there is no :{order}; :help says what there is")),
        }
    }
}

fn name(text: &str) -> Result<Box<str>, String> {
    match text {
        "" => Err("a name is missing".to_owned()),
        text if text.contains(char::is_whitespace) => Err(format!("{text:?} is more than a name")),
        text => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_colon_is_not_said() {
        assert_eq!(Line::read("  hi there "), Ok(Line::Say("hi there".into())));
        assert_eq!(Line::read("/help"), Ok(Line::Say("/help".into())));
        assert_eq!(Line::read(""), Ok(Line::Empty));
        assert_eq!(Line::read(":as ben"), Ok(Line::As("ben".into())));
        assert_eq!(Line::read(":in"), Ok(Line::In(None)));
        assert_eq!(Line::read(":in family"), Ok(Line::In(Some("family".into()))));
        assert_eq!(Line::read(":react"), Ok(Line::React(None)));
        assert_eq!(
            Line::read(":vote Red wine, Tea"),
            Ok(Line::Vote(vec!["Red wine".into(), "Tea".into()]))
        );
        assert_eq!(Line::read(":pass 2h"), Ok(Line::Pass(Duration::from_secs(7200))));
        assert_eq!(Line::read(":quit"), Ok(Line::Quit));
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (typed, part) in [
            (":as", "missing"),
            (":as two names", "more than a name"),
            (":pass soon", "such as 90s"),
            (":pass 9000d", "a year"),
            (":restart now", "alone"),
            (":dance", ":help"),
        ] {
            let told = Line::read(typed).expect_err(typed);
            assert!(told.contains(part), "{typed}: {told}");
        }
    }
}
