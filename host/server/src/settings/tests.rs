use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use waspnest_core::clock::{ManualClock, UnixMs};
use waspnest_engine::{EngineOptions, Grants, InstallationSpec};

use super::*;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn session(number: u128) -> SessionId {
    SessionId::new(ulid::Ulid(number))
}

fn name(text: &str) -> SessionName {
    text.parse().expect("a name")
}

fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

fn chat(chats: &str, sessions: &str, config: Value) -> ChatSettings {
    ChatSettings {
        sessions: vec![sessions.parse().expect("a pattern")],
        chats: vec![chats.parse().expect("a pattern")],
        config: object(config),
    }
}

struct World {
    engine: Engine,
    tuner: Installation,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(1_750_000_000_000)));
        let engine = Engine::new(EngineOptions::new(clock)).expect("an engine");
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/tuner");
        let plugin = engine.load(&dir).await.expect("run `cargo xtask plugins`");
        let spec = InstallationSpec {
            grants: Grants::as_requested(),
            ..InstallationSpec::new("tuner".parse().expect("an id"))
        };
        let tuner = Installation::new(plugin, spec).expect("it installs");
        Self { engine, tuner }
    }

    fn settings(&self, file: FileLayers) -> Settings {
        Settings::new(&self.tuner.plugin().manifest, file)
    }

    async fn judged(&self, settings: &Settings, sessions: &[(SessionId, SessionName)]) -> Vec<String> {
        let findings = settings.judge(&self.engine, &self.tuner, sessions, None).await;
        findings.0.iter().map(ToString::to_string).collect()
    }
}

fn greeting(settings: &Settings, name: &SessionName, id: SessionId, chat: &[&Jid]) -> String {
    let configuration = settings.at(name, id, chat);
    configuration
        .get("/greeting")
        .expect("a greeting")
        .as_str()
        .expect("a text")
        .to_owned()
}

#[tokio::test]
async fn each_layer_is_over_the_one_before() {
    let world = World::new().await;
    let (main, sales) = (session(1), session(2));
    let (ada, bob, group) = (
        jid("4915100000001"),
        jid("4915100000002"),
        jid("120363000000000000@g.us"),
    );
    let ada_lid = jid("100000000000001@lid");
    let settings = world.settings(FileLayers {
        installation: object(json!({ "greeting": "file" })),
        sessions: [(name("sales"), object(json!({ "greeting": "file, sales" })))].into(),
        chats: vec![
            chat("4915100000002", "main", json!({ "greeting": "file, bob" })),
            chat("49*", "sales", json!({ "greeting": "file, german" })),
            chat("*@g.us", "*", json!({ "mood": "merry" })),
        ],
    });
    let seen = |name_of: &str, id, chat: &[&Jid]| greeting(&settings, &name(name_of), id, chat);
    assert_eq!(seen("main", main, &[&ada]), "file");
    assert_eq!(seen("main", main, &[&bob]), "file, bob");
    assert_eq!(seen("main", main, &[]), "file");
    assert_eq!(seen("sales", sales, &[]), "file, sales");
    assert_eq!(seen("sales", sales, &[&ada]), "file, german");
    assert_eq!(
        seen("sales", sales, &[&ada_lid, &ada]),
        "file, german",
        "any address of the chat will do"
    );
    assert_eq!(seen("sales", sales, &[&group]), "file, sales");
    assert_eq!(
        settings.at(&name("sales"), sales, &[&group]).get("/mood"),
        Some(&json!("merry"))
    );
    assert_eq!(
        settings.at(&name("main"), main, &[&ada]).get("/hours/from"),
        Some(&json!(8))
    );

    let set = |reach: Reach, value: &str| settings.set_layer(reach, Some(object(json!({ "greeting": value }))));
    set(Reach::Installation, "set");
    assert_eq!(seen("main", main, &[&ada]), "set");
    assert_eq!(seen("sales", sales, &[]), "file, sales");
    set(Reach::Session(sales), "set, sales");
    assert_eq!(seen("sales", sales, &[]), "set, sales");
    assert_eq!(seen("sales", sales, &[&ada]), "file, german");
    set(Reach::Chat(sales, ada.clone()), "set, ada");
    assert_eq!(seen("sales", sales, &[&ada]), "set, ada");
    assert_eq!(seen("main", main, &[&ada]), "set");
    settings.set_layer(Reach::Chat(sales, ada.clone()), None);
    assert_eq!(seen("sales", sales, &[&ada]), "file, german");
}

#[tokio::test]
async fn every_configuration_there_can_be_is_judged() {
    let world = World::new().await;
    let of_file = |sessions: &[(&str, Value)], chats: Vec<ChatSettings>| {
        let sessions = sessions.iter().map(|(of, value)| (name(of), object(value.clone())));
        world.settings(FileLayers {
            sessions: sessions.collect(),
            chats,
            ..FileLayers::default()
        })
    };
    assert_eq!(world.judged(&of_file(&[], Vec::new()), &[]).await, Vec::<String>::new());

    let one_session = of_file(&[("main", json!({ "greeting": 7 }))], Vec::new());
    assert_eq!(
        world.judged(&one_session, &[]).await,
        ["[plugin.session.main]: /greeting: expected a text, found a number"]
    );
    let one_chat = of_file(&[], vec![chat("49*", "*", json!({ "hours": { "from": 20 } }))]);
    assert_eq!(
        world.judged(&one_chat, &[]).await,
        ["[[plugin.chat]] number 1: /hours/until: must be later than hours.from"],
        "the key itself stands in the defaults, which are good by themselves"
    );

    // Each alone is good.
    let early = json!({ "hours": { "from": 0, "until": 5 } });
    let late = chat("49*", "ma*", json!({ "hours": { "from": 9 } }));
    assert_eq!(
        world.judged(&of_file(&[], vec![late.clone()]), &[]).await,
        Vec::<String>::new()
    );
    assert_eq!(
        world
            .judged(&of_file(&[("main", early.clone())], Vec::new()), &[])
            .await,
        Vec::<String>::new()
    );
    assert_eq!(
        world
            .judged(&of_file(&[("main", early.clone())], vec![late.clone()]), &[])
            .await
            .len(),
        1
    );
    assert_eq!(
        world.judged(&of_file(&[("sales", early)], vec![late]), &[]).await,
        Vec::<String>::new(),
        "they never meet"
    );
}

#[tokio::test]
async fn a_zone_that_a_schedule_reads_must_be_one() {
    let world = World::new().await;
    let settings = world.settings(FileLayers {
        installation: object(json!({ "zone": "Europe/Berln" })),
        ..FileLayers::default()
    });
    let settings = settings.with_zones(vec![ZoneSetting {
        pointer: "/zone".into(),
        schedule: "morning".parse().expect("an id"),
    }]);
    assert_eq!(
        world.judged(&settings, &[]).await,
        [
            "[plugin.config]: /zone: must be an IANA time zone such as \"Europe/Berlin\": the schedule \"morning\" is read in it"
        ]
    );
}

#[tokio::test]
async fn what_is_to_be_set_is_judged_with_everything_it_meets() {
    let world = World::new().await;
    let (main, other) = ((session(1), name("main")), (session(2), name("other")));
    let settings = world.settings(FileLayers {
        chats: vec![chat("4915100000002", "*", json!({ "hours": { "until": 10 } }))],
        ..FileLayers::default()
    });
    let sessions = [main.clone(), other];
    let tried = async |reach: &Reach, layer: Value| {
        let layer = object(layer);
        let change = Some((reach, Some(&layer)));
        settings
            .judge(&world.engine, &world.tuner, &sessions, change)
            .await
            .are_fatal()
    };
    let late = json!({ "hours": { "from": 12 } });
    assert!(
        tried(&Reach::Installation, late.clone()).await,
        "it meets the chat of the file"
    );
    assert!(tried(&Reach::Session(main.0), late.clone()).await);
    let ada = Reach::Chat(main.0, jid("4915100000001"));
    assert!(!tried(&ada, late.clone()).await);
    assert!(tried(&Reach::Chat(main.0, jid("4915100000002")), late.clone()).await);
    assert!(!tried(&Reach::Session(main.0), json!({ "hours": { "from": 9 } })).await);

    settings.set_layer(ada, Some(object(json!({ "hours": { "until": 9 } }))));
    assert!(
        tried(&Reach::Session(main.0), json!({ "hours": { "from": 9 } })).await,
        "it meets what was set for the chat"
    );
    assert!(!tried(&Reach::Session(session(2)), json!({ "hours": { "from": 9 } })).await);
}
