//! The contract, function by function: each has a test through a real component with its grant, without it, and past its scope or
//! quota. Whoever adds a function to the WIT and forgets one of them learns it here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use waspnest_engine::{Grants, Installation, InstallationSpec, Plugin};

use crate::kit::{Rig, changed, sent};

/// Functions that are tried below: name, what is granted for them, the answer, and how often one call may use them.
const TRIED: &[(&str, Option<Kind>, &str, Option<u64>)] = &[
    ("kv.store.open", Some(Kind::Kv), "opened", None),
    ("kv.store.get", Some(Kind::Kv), "got None", Some(100)),
    ("kv.store.put", Some(Kind::Kv), "put 1", Some(100)),
    ("kv.store.delete", Some(Kind::Kv), "deleted false", Some(100)),
    ("kv.store.increment", Some(Kind::Kv), "is 1", Some(100)),
    ("kv.store.scan", Some(Kind::Kv), "found 0", Some(100)),
    ("kv.store.usage", Some(Kind::Kv), "uses 0", Some(100)),
    ("schedule.put", Some(Kind::Schedule), "due 1790000001000", Some(100)),
    ("schedule.cancel", Some(Kind::Schedule), "cancelled false", Some(100)),
    ("schedule.list", Some(Kind::Schedule), "has 0", Some(100)),
    ("messaging.send", Some(Kind::Send), "sent true", Some(20)),
    ("messaging.react", Some(Kind::React), "reacted", Some(20)),
    ("messaging.mark-read", Some(Kind::Read), "read", Some(20)),
    ("messaging.set-typing", Some(Kind::Typing), "typing", Some(20)),
    ("http.fetch", Some(Kind::Http), "answered 200", Some(10)),
    ("http.open", Some(Kind::Http), "began 200", Some(10)),
    ("messaging.edit-now", Some(Kind::Edit), "edited", Some(20)),
    ("config.all", None, "all 1", None),
    ("config.get", None, "one Some(\"hello\")", None),
    ("log.counter", None, "counted", None),
    ("log.histogram", None, "measured", None),
    (
        "meta.host-version",
        None,
        concat!("version ", env!("CARGO_PKG_VERSION")),
        None,
    ),
    ("meta.yield", None, "gave way", None),
];

/// The tests of a function that is tried elsewhere. One that needs no grant has none without it.
struct Tests {
    with: &'static [&'static str],
    without: &'static [&'static str],
    past: &'static [&'static str],
}

/// Functions that are tried elsewhere.
const ELSEWHERE: &[(&str, Tests)] = &[
    ("messaging.edit", CHANGES),
    ("messaging.revoke", CHANGES),
    ("messaging.vote", CHANGES),
    ("messaging.pin", CHANGES),
    ("messaging.star", CHANGES),
    ("messaging.get-message", PAST),
    ("messaging.history", PAST),
    ("http.incoming.head", PIECES),
    ("http.incoming.next", PIECES),
    ("media-store.open", READING),
    ("media-store.blob.size", READING),
    ("media-store.blob.read", READING),
    ("media-store.sink.constructor", MAKING),
    ("media-store.sink.write", MAKING),
    ("media-store.sink.finish", MAKING),
    ("media-store.from-url", FETCHING),
    ("dialogue.get", DIALOGUES),
    ("dialogue.set", DIALOGUES),
    ("dialogue.expect", DIALOGUES),
    ("dialogue.cancel", DIALOGUES),
    ("secrets.get", SECRETS),
    ("secrets.secret.reveal", SECRETS),
    ("secrets.hmac-sha256", SECRETS),
    ("bus.publish", TOPICS),
    ("webhooks.emit", WEBHOOKS),
    ("log.emit", LINES),
    ("log.counter", LINES),
    ("log.histogram", LINES),
    ("config.all", SETTINGS),
    ("config.get", SETTINGS),
    ("meta.granted", GRANTED),
    ("meta.budget", MEASURED),
];

const CHANGES: Tests = Tests {
    with: &["what_is_granted_becomes_an_effect_of_the_draft"],
    without: &["without_its_grant_each_is_denied_by_name"],
    past: &["past_its_scope_each_is_denied", "past_its_rate_each_is_told_to_wait"],
};
const PAST: Tests = Tests {
    with: &[
        "a_message_is_found_by_its_name",
        "a_chat_is_read_backwards_page_by_page",
    ],
    without: &["without_the_grant_nothing_is_seen_and_past_the_rate_not_yet"],
    past: &["other_chats_are_out_of_scope", "looks_are_counted_in_a_call"],
};
const PIECES: Tests = Tests {
    with: &["an_answer_is_taken_in_pieces"],
    without: &["without_the_grant_a_guest_asks_nobody"],
    past: &[
        "an_answer_has_so_many_pieces_and_bytes",
        "pieces_that_were_kept_are_given_again_and_the_rest_is_lost",
    ],
};
const READING: Tests = Tests {
    with: &["the_file_of_the_event_is_read"],
    without: &["without_the_grant_files_are_neither_read_nor_made"],
    past: &[
        "a_file_of_the_chat_is_read_and_sent_by_its_handle_and_one_of_another_chat_is_not",
        "past_the_rate_files_wait",
    ],
};
const MAKING: Tests = Tests {
    with: &["a_made_file_is_an_effect_that_names_it"],
    without: &["without_the_grant_files_are_neither_read_nor_made"],
    past: &[
        "what_is_made_is_bounded_in_a_call_and_altogether",
        "past_the_rate_files_wait",
    ],
};
const FETCHING: Tests = Tests {
    with: &["a_url_is_fetched_once_for_an_event"],
    without: &["without_the_grant_files_are_neither_read_nor_made"],
    past: &["a_url_is_fetched_once_for_an_event", "past_the_rate_files_wait"],
};
const DIALOGUES: Tests = Tests {
    with: &["a_guest_waits_and_is_told", "states_are_kept_and_called_off"],
    without: &["a_guest_is_told_what_it_may_not"],
    past: &["a_guest_is_told_what_it_may_not"],
};
const SECRETS: Tests = Tests {
    with: &[
        "a_guest_signs_with_what_it_does_not_see",
        "what_a_guest_was_shown_is_taken_out_of_what_it_says",
    ],
    without: &["without_the_grant_there_are_no_secrets"],
    past: &["a_guest_signs_with_what_it_does_not_see"],
};
const TOPICS: Tests = Tests {
    with: &["what_is_published_is_part_of_the_draft"],
    without: &["a_topic_has_a_name_a_size_and_a_grant"],
    past: &[
        "a_topic_has_a_name_a_size_and_a_grant",
        "topics_that_lead_to_topics_come_to_an_end",
    ],
};
const WEBHOOKS: Tests = Tests {
    with: &["what_an_endpoint_is_told_is_an_effect_of_the_draft"],
    without: &["an_endpoint_needs_its_grant"],
    past: &["a_webhook_has_a_form_and_a_size", "an_endpoint_needs_its_grant"],
};
const LINES: Tests = Tests {
    with: &["lines_and_figures_of_a_call_are_counted"],
    without: &[],
    past: &[
        "lines_and_figures_of_a_call_are_counted",
        "what_is_logged_beyond_the_minute_is_left_out",
    ],
};
const SETTINGS: Tests = Tests {
    with: &["the_context_and_the_configuration_arrive"],
    without: &[],
    past: &["what_a_call_is_told_of_its_configuration_crosses_too"],
};
const GRANTED: Tests = Tests {
    with: &["what_is_not_granted_is_denied_by_name"],
    without: &["what_is_not_granted_is_denied_by_name"],
    past: &["what_is_not_granted_is_denied_by_name"],
};
const MEASURED: Tests = Tests {
    with: &["fuel_is_counted_where_it_is_limited"],
    without: &[],
    past: &["a_guest_that_runs_out_of_fuel_is_ended_and_not_called_again"],
};

/// Interfaces every function of which is in one table of `account.rs`.
const ACCOUNT: [&str; 3] = ["groups", "contacts", "chats"];

/// What is granted.
#[derive(Clone, Copy)]
enum Kind {
    Kv,
    Schedule,
    Send,
    React,
    Read,
    Typing,
    Http,
    Edit,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Kv => "kv",
            Self::Schedule => "schedule",
            Self::Send => "messages.send",
            Self::React => "messages.react",
            Self::Read => "messages.read",
            Self::Typing => "messages.typing",
            Self::Http => "http",
            Self::Edit => "messages.edit",
        }
    }

    fn take_from(self, grants: &mut Grants) {
        match self {
            Self::Kv => grants.kv = None,
            Self::Schedule => grants.schedule = None,
            Self::Send => grants.send = None,
            Self::React => grants.react = None,
            Self::Read => grants.read = None,
            Self::Typing => grants.typing = None,
            Self::Http => grants.http = None,
            Self::Edit => grants.edit = None,
        }
    }
}

fn dir(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every function that a plugin can import, as `interface.function` or `interface.resource.function`.
fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in fs::read_dir(dir("../../plugin-sdk/wit")).expect("the contract") {
        let path = file.expect("a file").path();
        // What is exported is called by the host, and stands in handlers.wit.
        if path.ends_with("handlers.wit") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let (mut interface, mut resource) = (None, None);
        for line in text.lines().map(str::trim_end) {
            let words = line.trim_start().trim_start_matches('%');
            if let Some(name) = line.strip_prefix("interface ") {
                interface = name.strip_suffix(" {").map(str::to_owned);
            } else if let Some(name) = line.strip_prefix("  resource ") {
                resource = name.strip_suffix(" {").map(str::to_owned);
            } else if line == "  }" {
                resource = None;
            } else if let (Some(interface), Some(resource)) = (&interface, &resource)
                && words.starts_with("constructor(")
            {
                found.insert(format!("{interface}.{resource}.constructor"));
            } else if let (Some(interface), Some((name, rest))) = (&interface, words.split_once(':')) {
                let rest = rest.trim_start();
                if words.starts_with("//") || !(rest.starts_with("func(") || rest.starts_with("static func(")) {
                    continue;
                }
                let owner = resource
                    .as_ref()
                    .map(|resource| format!("{resource}."))
                    .unwrap_or_default();
                found.insert(format!("{interface}.{owner}{name}"));
            }
        }
    }
    found
}

#[test]
fn every_function_has_its_tests() {
    let all = functions();
    assert!(
        all.len() > 50 && all.contains("kv.store.get") && all.contains("meta.yield"),
        "{all:?}"
    );
    let account = |name: &&String| {
        let interface = name.split('.').next().unwrap_or_default();
        ACCOUNT.contains(&interface)
    };
    let wanted: BTreeSet<&str> = all.iter().filter(|name| !account(name)).map(String::as_str).collect();
    let tried = TRIED.iter().map(|(name, ..)| *name);
    let tested: BTreeSet<&str> = tried.chain(ELSEWHERE.iter().map(|(name, _)| *name)).collect();
    assert_eq!(
        tested, wanted,
        "a function without a test with, without and past its grant, or a test without a function"
    );

    let mut sources = String::new();
    for file in fs::read_dir(dir("tests/it")).expect("the tests") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(path).expect("a text"));
        }
    }
    for (function, Tests { with, without, past }) in ELSEWHERE {
        assert!(!with.is_empty() && !past.is_empty(), "{function}");
        for test in with.iter().chain(*without).chain(*past) {
            assert!(
                sources.contains(&format!("fn {test}(")),
                "{function}: there is no test {test}"
            );
        }
    }
    // Those of the account are in a table by what the clerk is told; each function is named by its interface's tests there.
    let table = fs::read_to_string(dir("tests/it/account.rs")).expect("the tests");
    let clerk = ["groups.rs", "others.rs"]
        .map(|file| fs::read_to_string(dir("tests/guests/clerk/src").join(file)).expect("a text"));
    assert!(table.contains("every_function_answers_with_its_grant"));
    for name in all.iter().filter(account) {
        let (interface, function) = name.split_once('.').expect("an interface");
        let called = match (interface, function) {
            ("groups", "participants") => "groups::add(".to_owned(),
            ("groups", "invite-link") => "groups::invite_link(".to_owned(),
            (interface, function) => format!("{interface}::{}(", function.replace('-', "_")),
        };
        let resolved = called.replace("contacts::resolve(", "contacts::resolve_all(");
        assert!(
            clerk.iter().any(|text| text.contains(&resolved)),
            "{name}: the clerk does not call {resolved}"
        );
    }
}

/// What the guest says, or how its call ended.
async fn said(rig: &Rig, plugin: &Arc<Plugin>, grants: Grants, word: &str) -> String {
    let mut spec = InstallationSpec::new("hostile".parse().expect("an id"));
    spec.grants = grants;
    let hostile = Installation::new(Arc::clone(plugin), spec).expect("it installs");
    match rig.call(&hostile, &rig.text(word)).await {
        Ok(draft) => sent(&draft).last().cloned().unwrap_or_default(),
        Err(error) => error.to_string(),
    }
}

/// The manifest without anything that the plugin cannot do without.
fn modest(manifest: String) -> String {
    let line = |line: &str| match line.contains("optional") {
        true => line.to_owned(),
        false => line.replace("reason = ", "optional = true, reason = "),
    };
    manifest.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn with_its_grant_a_function_answers_without_it_it_says_what_is_missing_and_past_its_quota_that_it_is_used_up() {
    let rig = Rig::new();
    let dir = changed("hostile", modest);
    let plugin = &rig.engine.load(dir.path()).await.expect("it loads");
    for (function, kind, answer, quota) in TRIED {
        let once = format!("again 1 {function}");
        assert_eq!(
            said(&rig, plugin, Grants::as_requested(), &once).await,
            *answer,
            "{function}"
        );
        if let Some(kind) = kind {
            let mut grants = Grants::as_requested();
            kind.take_from(&mut grants);
            let refused = said(&rig, plugin, grants, &once).await;
            let missing = format!("not granted: {}", kind.name());
            assert!(refused.ends_with(&missing), "{function}: {refused}");
        }
        if let Some(quota) = quota {
            let past = said(
                &rig,
                plugin,
                Grants::as_requested(),
                &format!("again {} {function}", quota + 1),
            )
            .await;
            assert!(
                past.contains("used up") && past.contains(&quota.to_string()),
                "{function}: {past}"
            );
        }
    }
}
