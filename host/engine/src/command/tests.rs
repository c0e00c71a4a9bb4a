//! Commands as people type them.

use std::path::Path;

use proptest::prelude::*;
use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;

use super::*;
use crate::manifest::{CommandSpec, Manifest};

/// 2026-06-04 12:00 in Berlin, a Thursday.
const NOW: UnixMs = UnixMs(1_780_567_200_000);

fn commands(text: &str) -> Vec<CommandSpec> {
    let head = "manifest = 1\n[plugin]\nid = \"a.b\"\nname = \"x\"\nversion = \"1.0.0\"\ncomponent = \"x.wasm\"\napi = \"0.1\"\n";
    Manifest::parse(Path::new("plugin.toml"), &format!("{head}{text}"))
        .unwrap_or_else(|error| panic!("{error}"))
        .commands
}

fn problem(text: &str) -> String {
    let head = "manifest = 1\n[plugin]\nid = \"a.b\"\nname = \"x\"\nversion = \"1.0.0\"\ncomponent = \"x.wasm\"\napi = \"0.1\"\n";
    let parsed = Manifest::parse(Path::new("plugin.toml"), &format!("{head}{text}"));
    parsed.expect_err("it is wrong").to_string()
}

fn shop() -> Vec<CommandSpec> {
    commands(
        r#"
        [[command]]
        name = "book"
        aliases = ["termin"]
        summary = { en = "Book an appointment", de = "Termin buchen" }
        args = [
          { name = "when", type = "when", required = true },
          { name = "length", type = "duration", default = "30m", min = "15m", max = "2h" },
          { name = "subject", type = "rest", max = 20 },
        ]
        [[command]]
        name = "todo"
        path = ["add"]
        aliases = ["new"]
        args = [{ name = "what", type = "items", required = true, max = 3 }]
        [[command]]
        name = "todo"
        path = ["list"]
        [[command]]
        name = "set"
        args = [
          { name = "name", type = "text", required = true, min = 2 },
          { name = "number", type = "integer", min = -5, max = 5 },
          { name = "share", type = "number", max = 1 },
          { name = "on", type = "boolean", default = true },
          { name = "who", type = "user" },
          { name = "colour", type = "choice", choices = ["Red", "green"], default = "green" },
        ]
        "#,
    )
}

fn book() -> CommandBook {
    CommandBook::new(&shop(), &Naming::default()).expect("a good book")
}

fn setting(mentions: &[Jid]) -> Setting<'_> {
    Setting {
        now: NOW,
        zone: Tz::Europe__Berlin,
        mentions,
    }
}

/// Name and path, and the arguments in words; or what was wrong.
fn typed(text: &str) -> Result<String, String> {
    let lid: Jid = "123456789012345@lid".parse().expect("a LID");
    let mentions = [lid];
    match book().hear(text, &|_| true) {
        Heard::Command(typed) => {
            let command = typed.parse(setting(&mentions), "en")?;
            let args: Vec<_> = command
                .args
                .iter()
                .map(|(name, arg)| format!("{name}={arg:?}"))
                .collect();
            let path: String = command.path.iter().map(|word| format!(" {word}")).collect();
            Ok(format!("{}{path} {}", command.name, args.join(" "))
                .trim_end()
                .to_owned())
        }
        Heard::Incomplete { usages, .. } => Err(usages.join("; ")),
        other => Err(format!("{other:?}")),
    }
}

fn moment(text: &str) -> u64 {
    let moment = chrono::DateTime::parse_from_rfc3339(text).expect("a moment");
    u64::try_from(moment.timestamp_millis()).expect("after 1970")
}

#[test]
fn arguments_become_values() {
    for (text, parsed) in [
        ("/todo list", r#"todo list"#),
        (
            "/todo add milk 'dark bread'",
            r#"todo add what=Items(["milk", "dark bread"])"#,
        ),
        ("/ToDo  New milk", r#"todo add what=Items(["milk"])"#),
        (
            "/set ab",
            r#"set name=Text("ab") on=Boolean(true) colour=Choice("green")"#,
        ),
        (
            "/set \"a b\" -3 0,5 no +49(151)123-45 RED",
            r#"set name=Text("a b") number=Integer(-3) share=Number(0.5) on=Boolean(false) who=User(…345@s.whatsapp.net) colour=Choice("Red")"#,
        ),
        (
            "/set ab @123456789012345",
            r#"set name=Text("ab") on=Boolean(true) who=User(…345@lid) colour=Choice("green")"#,
        ),
        (
            "/set ab red",
            r#"set name=Text("ab") on=Boolean(true) colour=Choice("Red")"#,
        ),
    ] {
        assert_eq!(typed(text).as_deref(), Ok(parsed), "{text}");
    }
}

#[test]
fn what_may_be_left_out_is_passed_over_by_what_does_not_fit_it() {
    let at = moment("2026-06-04T18:00:00+02:00");
    for (text, rest) in [
        ("/book 18:00", "length=Duration(1800s)"),
        ("/book 18:00 1h", "length=Duration(3600s)"),
        (
            "/book 18:00 Dentist  at last",
            "length=Duration(1800s) subject=Rest(\"Dentist  at last\")",
        ),
        (
            "/termin 18:00 45m 'Dentist'\n",
            "length=Duration(2700s) subject=Rest(\"'Dentist'\")",
        ),
    ] {
        assert_eq!(typed(text), Ok(format!("book when=When({at}ms) {rest}")), "{text}");
    }
}

#[test]
fn moments_are_read_in_the_zone() {
    for (text, at) in [
        ("now", "2026-06-04T12:00:00+02:00"),
        ("in 1h30m", "2026-06-04T13:30:00+02:00"),
        ("18:30", "2026-06-04T18:30:00+02:00"),
        ("9:00", "2026-06-05T09:00:00+02:00"),
        ("today 9:00", "2026-06-04T09:00:00+02:00"),
        ("Tomorrow 9:00:30", "2026-06-05T09:00:30+02:00"),
        ("thursday 9:00", "2026-06-11T09:00:00+02:00"),
        ("thu 13:00", "2026-06-04T13:00:00+02:00"),
        ("Sunday 9:00", "2026-06-07T09:00:00+02:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00:00+01:00"),
        ("24.12.2026", "2026-12-24T00:00:00+01:00"),
        ("'24.12.2026 18:00'", "2026-12-24T18:00:00+01:00"),
        ("2026-12-24T18:00", "2026-12-24T18:00:00+01:00"),
        ("2026-12-24T18:00Z", "2026-12-24T18:00:00Z"),
        ("2026-12-24T18:00:00-05:00", "2026-12-24T18:00:00-05:00"),
        ("2026-03-29 02:30", "2026-03-29T03:00:00+02:00"),
        ("2026-10-25 02:30", "2026-10-25T02:30:00+02:00"),
    ] {
        let found = typed(&format!("/book {text}")).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert!(found.contains(&format!("When({}ms)", moment(at))), "{text}: {found}");
    }
    for text in [
        "25:00",
        "2026-13-01",
        "monday",
        "tomorrow",
        "in",
        "in five",
        "32.1.2026",
        "2026-12-24T18",
        "'18:00 x'",
        "soon",
    ] {
        let problem = typed(&format!("/book {text}")).expect_err(text);
        assert!(
            problem.contains("when: ") && problem.contains("is not a moment"),
            "{text}: {problem}"
        );
    }
}

#[test]
fn what_is_wrong_is_told_by_the_name_of_the_argument() {
    for (text, says) in [
        ("/book", "when is missing"),
        ("/book 18:00 1m", ""),
        ("/book 18:00 3h x", ""),
        (
            "/book 18:00 a subject that is far too long",
            "subject: 30 characters is more than 20",
        ),
        ("/todo", "/todo add <what…>; /todo list"),
        ("/todo remove", "/todo add <what…>; /todo list"),
        ("/todo list now", "\"now\" is too much"),
        ("/todo add a b c d", "what: 4 items is more than 3"),
        ("/set a", "name: 1 characters is less than 2"),
        ("/set ab 9", "number: 9 is not between -5 and 5"),
        ("/set ab blue", "number: \"blue\" is not a whole number"),
        ("/set ab 1 2", "share: 2 is more than 1"),
        ("/set ab 1 1 maybe", "on: \"maybe\" is neither yes nor no"),
        ("/set ab 1 1 on nobody", "who: \"nobody\" is nobody"),
        (
            "/set ab 1 1 on 4915112345 blue",
            "colour: \"blue\" is not one of Red, green",
        ),
    ] {
        let answer = typed(text);
        match says {
            "" => assert!(answer.is_ok(), "{text}: {answer:?}"),
            says => assert!(
                answer.as_ref().is_err_and(|problem| problem.contains(says)),
                "{text}: {answer:?}"
            ),
        }
    }
}

#[test]
fn only_what_begins_like_a_command_is_one() {
    let book = book();
    for text in [
        "book 18:00",
        "",
        "/",
        "/ book",
        "!book",
        "//book",
        "x /book",
        "/bo",
        "/shrug",
        "/xy",
    ] {
        assert_eq!(book.hear(text, &|_| true), Heard::Nothing, "{text}");
    }
    for (text, meant) in [
        ("/boook 18:00", "/book"),
        ("/BOKO", "/book"),
        ("/termim", "/termin"),
        ("/todu", "/todo"),
    ] {
        let Heard::Near(near) = book.hear(text, &|_| true) else {
            panic!("{text}")
        };
        assert_eq!(&*near.meant, meant);
        assert!(
            near.question().contains(meant) && near.question().contains(text.split(' ').next().unwrap_or_default())
        );
    }
    assert_eq!(book.hear("  /help  todo ", &|_| true), Heard::Help("todo"));
    let only_todo = |spec: &CommandSpec| &*spec.name == "todo";
    assert_eq!(
        book.hear("/book", &only_todo),
        Heard::Nothing,
        "what is not for them is not there"
    );
    assert_eq!(book.hear("/help", &|_| false), Heard::Nothing);
}

#[test]
fn an_operator_renames_and_disables() {
    let naming = |text: &str| {
        let mut naming = Naming {
            prefixes: vec!["!".into(), "!!".into()],
            ..Naming::default()
        };
        for line in text.split_whitespace() {
            match line.split_once('=') {
                Some((from, to)) => drop(naming.renamed.insert(from.into(), to.into())),
                None => naming.disabled.push(line.into()),
            }
        }
        naming
    };
    let book = CommandBook::new(&shop(), &naming("book=Buchen set termin help")).expect("a good book");
    assert!(matches!(book.hear("!buchen 18:00", &|_| true), Heard::Command(_)));
    assert!(matches!(book.hear("!!buchen 18:00", &|_| true), Heard::Command(_)));
    for text in ["/buchen", "!set", "!termin", "!help"] {
        assert_eq!(book.hear(text, &|_| true), Heard::Nothing, "{text}");
    }
    assert_eq!(book.calls(), ["!!buchen", "!!todo", "!buchen", "!todo"]);
    let error = CommandBook::new(&shop(), &naming("bok=x"))
        .expect_err("no such command")
        .to_string();
    assert_eq!(
        error,
        "rename: the plugin has no command \"bok\"; it has book, termin, todo, set"
    );
    let error = CommandBook::new(&shop(), &naming("book=todo"))
        .expect_err("two of one name")
        .to_string();
    assert!(error.contains("\"todo\" would be the name of two commands"), "{error}");
    let error = CommandBook::new(&[], &naming("book"))
        .expect_err("no commands")
        .to_string();
    assert_eq!(error, "disable: the plugin has no command \"book\"");
}

#[test]
fn help_says_what_there_is() {
    let all: &dyn Fn(&CommandSpec) -> bool = &|_| true;
    let manner = |language| Manner { language, admits: all };
    let lines = book().lines(&manner("de"));
    assert_eq!(
        lines,
        [
            "/book <when> [length] [subject…] – Termin buchen",
            "/todo add <what…>",
            "/todo list",
            "/set <name> [number] [share] [on] [who] [Red|green]",
        ]
    );
    assert!(book().lines(&manner("fr"))[0].ends_with("Book an appointment"));
    let page = book().page("/Termin", &manner("en")).expect("it is known");
    assert_eq!(
        page,
        "/book <when> [length] [subject…]\nBook an appointment\n\
         • when: moment, such as 18:30, tomorrow 9:00 or 2026-12-24 18:00\n\
         • length: span of time, such as 30m or 1h30m (may be left out)\n\
         • subject: all that follows (may be left out)\nAlso: /termin"
    );
    assert_eq!(book().page("nothing", &manner("en")), None);
    let Heard::Command(typed) = book().hear("/todo add", all) else {
        panic!("it is one")
    };
    let problem = typed.parse(setting(&[]), "en").expect_err("nothing to add");
    assert_eq!(typed.correction(&problem), "what is missing\nUsage: /todo add <what…>");
}

#[test]
fn mistakes_in_a_manifest_are_told_with_their_place() {
    for (text, says) in [
        (
            "[[command]]\nname = \"Book\"",
            "command[0].name: \"Book\" is not a name",
        ),
        (
            "[[command]]\nname = \"a\"\n[[command]]\nname = \"b\"\naliases = [\"a\"]",
            "command[1].name: \"a\" is a name of the command \"a\" already",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"txt\" }]",
            "did you mean \"text\"?",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"rest\" }, { name = \"y\", type = \"text\" }]",
            "takes all that follows",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"text\" }, { name = \"y\", type = \"text\", required = true }]",
            "is required and stands behind",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"integer\", min = 3, max = 2 }]",
            "args[0].min: is more than max",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"integer\", max = 2, default = 3 }]",
            "args[0].default: 3 is more than 2",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"when\", default = \"now\" }]",
            "have no default",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"text\", required = true, default = \"y\" }]",
            "stands beside `required`",
        ),
        (
            "[[command]]\nname = \"a\"\nargs = [{ name = \"x\", type = \"choice\" }]",
            "choices: must name at least one word",
        ),
        (
            "[[command]]\nname = \"a\"\nrole = \"admin\"",
            "command[0].role: unknown role",
        ),
        (
            "[[command]]\nname = \"a\"\ncooldown = { per = \"chat\" }",
            "command[0].cooldown.every: is missing",
        ),
        ("[[command]]\nname = \"a\"\nurgnt = true", "did you mean \"urgent\"?"),
    ] {
        let problem = problem(text);
        assert!(problem.contains(says), "{text}: {problem}");
    }
}

/// One argument of each kind, all of which may be left out.
fn anything() -> CommandBook {
    let kinds = ["when", "duration", "integer", "number", "boolean", "user", "text"];
    let args: Vec<_> = kinds
        .iter()
        .map(|kind| format!("{{ name = \"{kind}\", type = \"{kind}\" }}"))
        .collect();
    let text = format!(
        "[[command]]\nname = \"any\"\nargs = [{}, {{ name = \"c\", type = \"choice\", choices = [\"ß\", \"x\"] }}, {{ name = \"rest\", type = \"rest\" }}]",
        args.join(", ")
    );
    CommandBook::new(&commands(&text), &Naming::default()).expect("a good book")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Nothing that is typed is too much, and what is taken for a command has a value for what it was given.
    #[test]
    fn any_text_is_answered(text in ".{0,80}", zone in any::<prop::sample::Index>(), now in any::<u64>()) {
        let zone = *zone.get(&chrono_tz::TZ_VARIANTS);
        for book in [book(), anything()] {
            for text in [text.clone(), format!("/{text}"), format!("/any {text}"), format!("/book {text}"), format!("/set {text}"), format!("/todo add {text}")] {
                match book.hear(&text, &|_| true) {
                    Heard::Command(typed) => match typed.parse(Setting { now: UnixMs(now), zone, mentions: &[] }, "en") {
                        Ok(command) => prop_assert_eq!(&*command.raw, text.trim()),
                        Err(problem) => prop_assert!(typed.correction(&problem).contains("Usage: /")),
                    },
                    Heard::Near(near) => prop_assert!(!near.question().is_empty()),
                    Heard::Incomplete { usages, .. } => prop_assert!(!usages.is_empty()),
                    Heard::Help(_) | Heard::Nothing => {}
                }
            }
        }
    }

    /// Letters that moments, numbers and quotations are made of, in any order.
    #[test]
    fn no_order_of_letters_is_too_much(text in r#"[0-9:.,TZ+\-@'"“” amprw]{0,40}"#) {
        if let Heard::Command(typed) = anything().hear(&format!("/any {text}"), &|_| true) {
            let parsed = typed.parse(setting(&[]), "en");
            prop_assert!(parsed.is_ok() || parsed.is_err_and(|problem| !problem.is_empty()));
        }
    }

    /// A text in quotation marks reaches the plugin as it was.
    #[test]
    fn a_quoted_text_arrives_whole(value in ".{2,40}") {
        let escaped: String = value.chars().flat_map(|c| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
        let text = format!("/set \"{escaped}\"");
        let found = book();
        let Heard::Command(typed) = found.hear(&text, &|_| true) else { panic!("it is one") };
        let command = typed.parse(setting(&[]), "en").expect("a good argument");
        prop_assert_eq!(&command.args[0].1, &Arg::Text(value.into()));
    }
}
