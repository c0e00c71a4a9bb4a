use rand::SeedableRng;
use rand::rngs::StdRng;

use super::template::Filling;
use super::*;

const CUSTOMER: &str = r#"
reads = { after = [200, 2000] }
answers_after = 300
types = [1, 5]
routine = [
    { at = "start", does = [{ say = { to = "4915199999999", text = "I am {me}" } }] },
    { at = { every = [1000, 2000] }, does = ["go_offline", { wait = 10 }, "come_online"] },
    { at = { after_messages = 3 }, does = [{ offline_for = 5 }, { post_status = { text = "{me} is back", to = ["4915199999999"] } }] },
]

[[rules]]
hears = { contains = "order" }
chats = "direct"
at_most = 1
does = [{ quote = "My order is {n}, {name}" }, { react = "👍" }, "read", { picture = { caption = "number {n}" } }]

[[rules]]
hears = "anything"
every = 3
does = [{ answer = "{{you said}} {text}" }]

[[rules]]
hears = { kind = "image" }
"#;

fn customer() -> Result<Persona, PersonaError> {
    Ok(Persona::new()
        .reads(Reads::After(Span::between(200, 2000)))
        .answers_after(Span::exactly(300))
        .types(Span::between(1, 5))
        .at(Moment::Start, [Action::say("4915199999999", "I am {me}")?])
        .at(
            Moment::Every(Span::between(1000, 2000)),
            [Action::GoOffline, Action::Wait(Span::exactly(10)), Action::ComeOnline],
        )
        .at(
            Moment::AfterMessages(3),
            [
                Action::OfflineFor(Span::exactly(5)),
                Action::post_status("{me} is back", &["4915199999999"])?,
            ],
        )
        .rule(
            Rule::when(Hears::contains("order"))
                .chats(Chats::Direct)
                .at_most(1)
                .does(Action::quote("My order is {n}, {name}")?)
                .does(Action::react("👍"))
                .does(Action::Read)
                .does(Action::picture("number {n}")?),
        )
        .rule(
            Rule::when(Hears::Anything)
                .every(3)
                .does(Action::answer("{{you said}} {text}")?),
        )
        .rule(Rule::when(Hears::Kind(Kind::Image))))
}

#[test]
fn toml_json_and_rust_say_the_same() -> Result<(), Box<dyn std::error::Error>> {
    let from_toml: Persona = toml::from_str(CUSTOMER)?;
    assert_eq!(from_toml, customer()?);
    let json = serde_json::to_string(&from_toml)?;
    assert_eq!(serde_json::from_str::<Persona>(&json)?, from_toml);
    assert!(
        json.contains(r#""answers_after":300"#) && json.contains(r#""types":[1,5]"#),
        "{json}"
    );
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    for (written, told) in [
        ("rulez = []", &["unknown field `rulez`", "`rules`"][..]),
        (
            "reads = \"sometimes\"",
            &["unknown variant `sometimes`", "`never`", "`at_once`", "`after`"],
        ),
        ("types = \"slowly\"", &["string \"slowly\"", "500", "[500, 3000]"]),
        ("types = -1", &["-1", "500"]),
        ("types = [5, 1]", &["begins after its end"]),
        ("types = [1, 2, 3]", &["length 3"]),
        ("types = 86400001", &["longer than a day"]),
        (
            "[[rules]]\nhears = { says = \"x\" }",
            &["unknown variant `says`", "`contains`", "`anything`"],
        ),
        (
            "[[rules]]\nhears = { kind = \"smell\" }",
            &["unknown variant `smell`", "`image`"],
        ),
        ("[[rules]]\nhears = \"anything\"\nevery = 0", &["every is 0"]),
        ("[[rules]]\nhears = \"anything\"\nat_most = 0", &["at_most is 0"]),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ shout = \"x\" }]",
            &["unknown variant `shout`", "`answer`"],
        ),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ answer = \"{weather}\" }]",
            &["{weather}", "{text}", "{name}", "{n}"],
        ),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ answer = \"{text\" }]",
            &["not closed", "{{"],
        ),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ answer = \"text}\" }]",
            &["not closed"],
        ),
        (
            "[[routine]]\nat = \"start\"\ndoes = [{ answer = \"x\" }]",
            &["a routine hears nothing", "answer", "say"],
        ),
        (
            "[[routine]]\nat = \"start\"\ndoes = [{ picture = {} }]",
            &["a routine hears nothing", "picture without `to`", "picture with `to`"],
        ),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ picture = { data = \"?\" } }]",
            &["not standard base64"],
        ),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ picture = { file = \"/etc/passwd\" } }]",
            &["unknown field `file`", "`data`"],
        ),
        (
            "[[rules]]\nhears = \"anything\"\ndoes = [{ post_status = { text = \"x\", to = [] } }]",
            &["nobody would see", "`to`"],
        ),
        (
            "[[routine]]\nat = \"noon\"\ndoes = []",
            &["unknown variant `noon`", "`start`", "`every`"],
        ),
        (
            "[[routine]]\nat = { every = 0 }\ndoes = []",
            &["no time for anything else"],
        ),
        (
            "[[routine]]\nat = { after_messages = 0 }\ndoes = []",
            &["after_messages is 0"],
        ),
    ] {
        let error = toml::from_str::<Persona>(written).expect_err(written).to_string();
        for part in told {
            assert!(error.contains(part), "{written}: {error:?} does not say {part:?}");
        }
    }
}

#[test]
fn templates_are_filled() -> Result<(), PersonaError> {
    let template: Template = "{n}. {name} ({from}) told {me}: {text} {{x}}".parse()?;
    let filling = Filling {
        text: "{me}",
        name: "Anna",
        from: "4915111111111",
        me: "Ben",
        n: 3,
    };
    assert_eq!(template.fill(&filling), "3. Anna (4915111111111) told Ben: {me} {x}");
    Ok(())
}

#[test]
fn texts_are_compared_without_case_and_outer_space() {
    let fits = |hears: Hears, text: &str| hears.fits("text", Some(text));
    assert!(fits(Hears::equals("Hello"), " hELLO\n"));
    assert!(!fits(Hears::equals("Hello"), "Hello you"));
    assert!(fits(Hears::contains("price"), "The PRICE?"));
    assert!(fits(Hears::starts_with("/bet"), "/Bet 5"));
    assert!(!fits(Hears::starts_with("/bet"), "I /bet"));
    assert!(
        !Hears::contains("").fits("image", None),
        "a picture without a caption says nothing"
    );
    assert!(Hears::Anything.fits("image", None));
    for kind in ["reaction", "protocol"] {
        assert!(!Hears::Anything.fits(kind, None), "{kind}");
    }
    assert!(Hears::Kind(Kind::Reaction).fits("reaction", None));
}

#[test]
fn rules_count() {
    let third = Rule::when(Hears::Anything).every(3);
    assert_eq!((1..=7).filter(|n| third.is_due(*n, 0)).collect::<Vec<_>>(), [3, 6]);
    let twice = Rule::when(Hears::Anything).at_most(2);
    assert_eq!((0..4).filter(|followed| twice.is_due(1, *followed)).count(), 2);
}

#[test]
fn the_same_seed_draws_the_same_times() {
    let draw = |seed| {
        let mut random = StdRng::seed_from_u64(seed);
        (0..20)
            .map(|_| Span::between(1, 1_000_000).draw(&mut random))
            .collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let bounds = (0..200).map(|n| Span::between(3, 4).draw(&mut StdRng::seed_from_u64(n)).as_millis());
    assert!(bounds.clone().all(|ms| (3..=4).contains(&ms)) && bounds.max() == Some(4));
}
