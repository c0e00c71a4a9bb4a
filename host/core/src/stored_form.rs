//! The bytes of every kind of record, written down: whoever changes one sees it here, and has to say how old data is read.
//!
//! The text in `stored_form.txt` is a small data directory of schema 1, row by row. It must be readable for ever and is never edited; a
//! new form gets a new file beside it. What has been written beside those rows since is in `stored_form/added.txt`.

mod made;
mod mailbox;
mod webhook;

use bytes::Bytes;

use crate::address::{Jid, Party};
use crate::audit::{Actor, AuditEntry, AuditLog, Outcome};
use crate::caller::{
    ApiKey, Callers, Credential, CredentialKind, Login, Overlap, PasswordHash, Role, Scope, SessionToken, Standing,
    User,
};
use crate::clock::UnixMs;
use crate::codec;
use crate::draft::{Draft, KvEntry, KvKey, KvScope, KvWrite, Missed, Pot, Timer, TimerChange, TimerOrigin, TimerRule};
use crate::effect::{EffectState, Progress};
use crate::event::{EventKind, Position, Tick, TickCause};
use crate::fixture::{NOON, SESSION, World, call, installation, jid, message_of, schedule, send};
use crate::id::{ApiKeyId, AuditId, EventId, LoginId, RunId, TenantId, UserId};
use crate::log::Incoming;
use crate::message::{MessageKey, Origin};
use crate::outbox::Migration;
use crate::progress::{Attempt, DeadLetter};
use crate::retention::Trimmed;
use crate::runs::{Run, Runs};
use crate::schedule_state::{SchedulePause, ScheduleRule, ScheduleRun, ScheduleState, ScheduleStates};
use crate::schema::SCHEMA;
use crate::session::{Desired, Sessions};
use crate::store::{Commit, KeyRange, MemoryStore, Order, Space, Store};
use crate::version::{Approval, Canary, Choice, Shadow, Version, VersionRegister, Versions};

const SCHEMA_1: &str = include_str!("stored_form.txt");
const ADDED: &str = include_str!("stored_form/added.txt");

const ADA: &str = "4915100000001@s.whatsapp.net";
const ADA_LID: &str = "100000000000001@lid";
const BOB_LID: &str = "100000000000002@lid";

fn tea() -> Timer {
    Timer {
        id: schedule("tea"),
        rule: TimerRule::Cron("0 16 * * *".into()),
        zone: "Europe/Berlin".into(),
        missed: Missed::Once,
        payload: b"green".to_vec(),
        origin: Some(TimerOrigin {
            chat: jid(ADA),
            sender: None,
        }),
        next: UnixMs(NOON.0 + 1),
        previous: Some(NOON),
    }
}

fn versions() -> Versions {
    let version = |number: u8, approval| Version {
        digest: [number; 32].into(),
        number: "1.4.0".into(),
        data_version: 2,
        installed_at: NOON,
        origin: "plugins/echo".into(),
        signed_by: Some("RWQ".into()),
        approval,
    };
    let waiting = Approval::Waiting {
        because: vec!["kv".into()],
    };
    let mut versions = Versions::new(version(1, Approval::NotNeeded));
    versions.add(version(2, Approval::Given { at: NOON }));
    versions.activate([2; 32].into(), Choice::Operator);
    versions.add(version(3, waiting));
    versions.next = Some([3; 32].into());
    versions
}

fn ada() -> Party {
    Party {
        jid: jid(ADA_LID),
        alt: Some(jid(ADA)),
        push_name: Some("Ada".into()),
    }
}

fn entry() -> KvEntry {
    KvEntry {
        value: b"1".to_vec(),
        revision: 3,
        expires_at: Some(UnixMs(NOON.0 + 2)),
    }
}

fn attempt() -> Attempt {
    Attempt {
        count: 2,
        not_before: NOON,
        last_error: "it trapped".into(),
    }
}

/// A session in which one of everything has happened.
pub(crate) async fn lived() -> World {
    let world = World::in_memory();
    crate::migrate::bring_up(&world.store, SCHEMA, crate::migrate::MIGRATIONS)
        .await
        .expect("it is new");
    let sessions = Sessions::open(world.store.clone()).await.expect("it opens");
    let sales = sessions
        .create(
            "sales".parse().expect("a name"),
            Desired::Connected,
            &*world.clock,
            &*world.ids,
        )
        .await;
    let change = |record: &mut crate::session::SessionRecord| record.jid = Some(jid(ADA));
    sessions
        .update(sales.expect("it creates").id, change)
        .await
        .expect("it updates");
    let gone = sessions
        .create(
            "gone".parse().expect("a name"),
            Desired::Disconnected,
            &*world.clock,
            &*world.ids,
        )
        .await;
    sessions.remove(gone.expect("it creates").id).await.expect("it removes");

    let echo = installation("echo");
    world
        .progress
        .start_at(SESSION, &echo, Position(0))
        .await
        .expect("it starts");
    let first = world
        .receive(message_of(jid(ADA_LID), ada(), "A1", "hello"))
        .await
        .expect("it is new");
    let tick = Tick {
        installation: echo.clone(),
        schedule: schedule("daily"),
        cause: TickCause::Recurring,
        scheduled_for: NOON,
        missed: 1,
        previous: None,
        zone: "UTC".into(),
        payload: vec![1, 2],
        origin: None,
    };
    let state = ScheduleState { last: NOON, fired: 1 };
    let also = vec![ScheduleStates::write(&echo, &schedule("daily"), &state)];
    let incoming = Incoming {
        also,
        ..Incoming::from(EventKind::Tick(tick))
    };
    world.log.append(SESSION, vec![incoming]).await.expect("it appends");
    let third = world
        .receive(message_of(jid(BOB_LID), Party::known_as(jid(BOB_LID)), "B1", "hi"))
        .await
        .expect("it is new");

    let key = |scope| KvKey {
        scope,
        key: "seen".into(),
    };
    let draft = Draft {
        effects: vec![send(ADA, "hello yourself"), send(ADA, "and again")],
        kv: [
            KvScope::Session,
            KvScope::Chat(jid(ADA)),
            KvScope::Sender {
                chat: jid(ADA),
                sender: jid(ADA_LID),
            },
            KvScope::Shared("pool".parse().expect("a name")),
        ]
        .map(|scope| KvWrite {
            key: key(scope),
            entry: Some(entry()),
        })
        .to_vec(),
        timers: vec![TimerChange::Set(tea())],
        ..Draft::default()
    };
    let committed = world
        .outbox
        .commit_draft(SESSION, call(&first, &echo), draft)
        .await
        .expect("it commits");
    world
        .outbox
        .progress(SESSION, committed.effects[0].id, Progress::Sent)
        .await
        .expect("it notes");
    let retry = Progress::Retry {
        not_before: NOON,
        error: "no connection".into(),
    };
    world
        .outbox
        .progress(SESSION, committed.effects[1].id, retry)
        .await
        .expect("it notes");
    world
        .progress
        .record_attempt(SESSION, &echo, Position(2), &attempt())
        .await
        .expect("it records");
    let letter = DeadLetter {
        event: third.id,
        attempts: 5,
        error: "it trapped".into(),
        at: NOON,
        kind: "message".into(),
    };
    world
        .progress
        .park(SESSION, &echo, third.position, &letter)
        .await
        .expect("it parks");
    let quota = call(&first, &echo).quota;
    let migration = Migration {
        data_version: 2,
        ..Migration::default()
    };
    world
        .outbox
        .commit_migration(SESSION, &echo, quota, migration)
        .await
        .expect("it commits");
    VersionRegister::new(world.store.clone())
        .put(&echo, &versions())
        .await
        .expect("it writes");
    let canary = Canary {
        digest: [2; 32].into(),
        percent: 5,
    };
    VersionRegister::new(world.store.clone())
        .set_canary(&echo, Some(canary))
        .await
        .expect("it writes");
    let shadow = Shadow {
        digest: [3; 32].into(),
        percent: 100,
    };
    VersionRegister::new(world.store.clone())
        .set_shadow(&echo, Some(shadow))
        .await
        .expect("it writes");
    made::make(&world, &echo).await;
    let trimmed = Commit::lazy(Space::Session(SESSION)).put(Trimmed::key(), codec::encode(&Trimmed(Position(0))));
    world.store.commit(trimmed).await.expect("it commits");
    webhook::tell(&world, &first).await;
    let runs = Runs::new(world.store.clone());
    runs.hiding_key([9; 32]).await.expect("it makes one");
    runs.add(SESSION, &[(run(first.id), r#"{"effects":[]}"#.into())])
        .await
        .expect("it adds");
    remember_schedule(&world, first.id).await;
    let_in(&world, &sessions).await;
    mailbox::keep(&world, sessions).await;
    world
}

/// Somebody of everybody who may call.
async fn let_in(world: &World, sessions: &Sessions) {
    let callers = Callers::open(world.store.clone(), &*world.clock)
        .await
        .expect("it opens");
    let tenant = TenantId::new(ulid::Ulid(1));
    let sales = "sales".parse().expect("a name");
    let theirs = sessions
        .create_for(tenant, sales, Desired::Connected, &*world.clock, &*world.ids)
        .await
        .expect("it is another tenant's");
    let secret = |kind| Credential::draw(kind, ulid::Ulid(2), &*world.ids).digest();
    let user = User {
        id: UserId::new(ulid::Ulid(3)),
        tenant,
        name: "ada@example.com".parse().expect("a name"),
        role: Role::Viewer,
        password: PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
        created_at: NOON,
        standing: Standing::Suspended,
    };
    callers.users.add(&user).await.expect("it is new");
    let key = ApiKey {
        id: ApiKeyId::new(ulid::Ulid(2)),
        tenant,
        name: "shop".into(),
        created_at: NOON,
        secret_at: NOON,
        secret: secret(CredentialKind::ApiKey),
        previous: Some(Overlap {
            secret: secret(CredentialKind::ApiKey),
            until: NOON,
        }),
        scopes: [Scope::MessagesSend, Scope::TenantAdmin].into_iter().collect(),
        sessions: Some(vec![theirs.id]),
        networks: vec!["192.0.2.0/24".parse().expect("a network")],
        expires_at: Some(NOON),
    };
    callers.api_keys.add(&key).await.expect("it is added");
    let login = Login {
        id: LoginId::new(ulid::Ulid(2)),
        user: user.id,
        created_at: NOON,
        expires_at: UnixMs(NOON.0 + 1),
        refresh: secret(CredentialKind::Refresh),
        spent: Some(secret(CredentialKind::Refresh)),
    };
    callers.logins.add(&login).await.expect("it is added");
    let token = SessionToken {
        session: theirs.id,
        created_at: NOON,
        secret: secret(CredentialKind::SessionToken),
        scopes: [Scope::SessionsRead].into_iter().collect(),
        expires_at: None,
    };
    callers.session_tokens.set(&token).await.expect("it is kept");
    let entry = |number: u128, outcome| AuditEntry {
        id: AuditId::new(ulid::Ulid(number)),
        actor: Actor::ApiKey(key.id),
        tenant: Some(tenant),
        outcome,
        call: "POST /v1/users".into(),
        target: "ada".into(),
        address: Some([192, 0, 2, 1].into()),
        request: "req_1".into(),
    };
    let log = AuditLog::new(world.store.clone());
    for entry in [
        entry(1, Outcome::Changed),
        entry(2, Outcome::Denied("scope_missing".into())),
    ] {
        log.add(&entry).await.expect("it adds");
    }
}

/// What is kept of a schedule besides its state.
async fn remember_schedule(world: &World, event: EventId) {
    let (echo, daily) = (installation("echo"), schedule("daily"));
    let states = ScheduleStates::new(world.store.clone());
    let (state, rule) = (ScheduleState { last: NOON, fired: 1 }, daily_rule());
    states
        .take_up(SESSION, &echo, &daily, (&state, &rule))
        .await
        .expect("it writes");
    let run = daily_run(event);
    states
        .note(SESSION, &echo, &daily, Position(2), &run)
        .await
        .expect("it notes");
    states
        .set_paused(SESSION, &echo, &daily, Some(SchedulePause { since: NOON }))
        .await
        .expect("it writes");
}

fn daily_rule() -> ScheduleRule {
    ScheduleRule {
        words: "cron 0 8 * * * UTC".into(),
    }
}

fn daily_run(event: EventId) -> ScheduleRun {
    ScheduleRun {
        scheduled_for: NOON,
        fired_at: UnixMs(NOON.0 + 1),
        cause: TickCause::Recurring,
        missed: 1,
        event,
    }
}

fn run(event: EventId) -> Run {
    Run {
        id: RunId::new(ulid::Ulid::from_parts(NOON.0, 5)),
        installation: installation("echo"),
        event,
        position: Position(1),
        kind: "message".into(),
        version: "0.1.0".into(),
        digest: "00ff".into(),
        attempt: 2,
        started: NOON,
        duration_us: 1500,
        fuel: Some(70_000),
        memory_bytes: 1 << 20,
        hostcall_bytes: 300,
        outcome: "committed".into(),
        effects: 2,
    }
}

fn spaces() -> [(&'static str, Space); 3] {
    [
        ("system", Space::System),
        ("sessions", Space::Sessions),
        ("session", Space::Session(SESSION)),
    ]
}

async fn rows(store: &dyn Store) -> String {
    let mut text = String::new();
    for (name, space) in spaces() {
        let all = KeyRange {
            start: Bytes::new(),
            end: None,
        };
        for (key, value) in store.scan(space, all, Order::Ascending, 1000).await.expect("it scans") {
            text.push_str(&format!("{name} {} = {}\n", hex(&key), hex(&value)));
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex
        .chars()
        .map(|digit| digit.to_digit(16).expect("a hex digit"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits"))
        .collect()
}

#[tokio::test]
async fn what_is_written_today_is_what_was_written_down() {
    let mut known: Vec<_> = SCHEMA_1.lines().collect();
    let written = rows(&*lived().await.store).await;
    let (old, new): (Vec<_>, Vec<_>) = written.lines().partition(|row| known.contains(row));
    known.retain(|row| !old.contains(row));
    assert!(known.is_empty(), "not written any more: {known:#?}");
    assert_eq!(new.join("\n"), ADDED.trim_end_matches('\n'));
}

/// A data directory of schema 1, as it was found.
async fn found() -> World {
    let store = MemoryStore::new();
    for line in SCHEMA_1.lines() {
        let (name, row) = line.split_once(' ').expect("a space and a row");
        let (key, value) = row.split_once(" = ").expect("a key and a value");
        let (_, space) = spaces().into_iter().find(|(known, _)| *known == name).expect("a space");
        store
            .commit(Commit::durable(space).put(bytes(key), bytes(value)))
            .await
            .expect("it commits");
    }
    World::over(store)
}

#[tokio::test]
async fn data_of_schema_1_is_read() {
    let world = found().await;
    crate::migrate::bring_up(&world.store, SCHEMA, crate::migrate::MIGRATIONS)
        .await
        .expect("it is known");
    let echo = installation("echo");

    let events = world.log.read(SESSION, Position(0), 10).await.expect("it reads");
    assert_eq!(
        events.iter().map(|event| event.position.0).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let EventKind::Message(message) = &events[0].kind else {
        panic!("the first is a message")
    };
    assert_eq!(
        (message.plain_text(), &message.sender, message.timestamp),
        (Some("hello"), &ada(), NOON)
    );
    let EventKind::Tick(tick) = &events[1].kind else {
        panic!("the second is a tick")
    };
    assert_eq!(
        (tick.schedule.as_str(), tick.missed, tick.payload.as_slice()),
        ("daily", 1, [1, 2].as_slice())
    );
    let by_phone = MessageKey {
        chat: jid(ADA),
        id: "A1".parse().expect("an id"),
        from: Origin::Them,
        participant: None,
    };
    assert_eq!(
        world
            .log
            .find_message(SESSION, &by_phone)
            .await
            .expect("it reads")
            .as_ref(),
        events.first()
    );

    let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
    assert_eq!((cursor.low, cursor.is_done(Position(3))), (Position(1), true));
    assert_eq!(cursor.attempts.get(&Position(2)), Some(&attempt()));
    let letters = world
        .progress
        .dead_letters(SESSION, &echo, Position(0), 10)
        .await
        .expect("it lists");
    assert_eq!((letters.len(), letters[0].1.event), (1, events[2].id));

    let due = world.outbox.due(SESSION, Position(0), 10).await.expect("it lists");
    assert_eq!((due.len(), due[0].sequence, due[0].attempts), (1, Position(2), 1));
    assert_eq!(due[0].action, send(ADA, "and again"));
    let sent = crate::id::EffectId::derive(events[0].id, &echo, 0);
    let sent = world
        .outbox
        .get(SESSION, sent)
        .await
        .expect("it reads")
        .expect("it is there");
    assert_eq!(
        (&sent.state, &sent.action),
        (&EffectState::Sent { at: NOON }, &send(ADA, "hello yourself"))
    );

    for scope in [
        KvScope::Session,
        KvScope::Chat(jid(ADA)),
        KvScope::Sender {
            chat: jid(ADA),
            sender: jid(ADA_LID),
        },
    ] {
        let key = KvKey {
            scope,
            key: "seen".into(),
        };
        assert_eq!(
            world.outbox.kv().get(SESSION, &echo, &key).await.expect("it reads"),
            Some(entry())
        );
    }
    assert_eq!(
        world
            .outbox
            .kv()
            .usage(SESSION, &echo, &Pot::Own)
            .await
            .expect("it reads")
            .keys,
        3
    );
    assert_eq!(
        world.outbox.timers().list(SESSION, &echo).await.expect("it lists"),
        [tea()]
    );
    let state = ScheduleStates::new(world.store.clone())
        .get(SESSION, &echo, &schedule("daily"))
        .await;
    assert_eq!(state.expect("it reads"), Some(ScheduleState { last: NOON, fired: 1 }));

    let sessions = Sessions::open(world.store.clone())
        .await
        .expect("it opens")
        .list()
        .await
        .expect("it lists");
    assert_eq!((sessions.len(), sessions[0].name.as_str()), (1, "sales"));
    assert_eq!(sessions[0].jid, Some(jid(ADA)));
    let canonical: Jid = world
        .log
        .contacts()
        .canonical(SESSION, &Party::known_as(jid(ADA_LID)))
        .await
        .expect("it reads");
    assert_eq!(canonical, jid(ADA));
}
