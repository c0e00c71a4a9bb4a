//! Texts with a type: addresses, ids, names, cursors, moments.

use serde_json::Value;
use url::Url;
use waspnest_core::address::Jid;
use waspnest_core::caller::{Network, Scope};
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, RunId, ScheduleId, SessionId, SessionName, UserName};
use waspnest_core::package::PackageDigest;
use waspnest_core::secret::SecretText;

use super::{Taken, Target, fuzz};
use crate::config::callers::Origin;
use crate::config::hours::Hours;
use crate::http::form::{Form, integer, moment};
use crate::http::picture::file;
use crate::http::values::{Base64, Time};
use crate::rfc3339::rfc3339;
use crate::rollout::Reference;

const ULID: &str = "01JGFJJZ00B5KQFA4Z8H0N3N6A";
const SHA: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn addresses() -> Target {
    Target::text::<Jid>("addresses")
        .seeds([
            "+4915112345678",
            "4915112345678@s.whatsapp.net",
            "4915112345678:3@s.whatsapp.net",
            "4915112345678@c.us",
            "123456789012345@lid",
            "120363001234567890@g.us",
            "4915112345678-1400000000@g.us",
            "120363001234567890@newsletter",
            "status@broadcast",
            "1234567890@broadcast",
            "13135550002@bot",
        ])
        .pieces([
            "@",
            "s.whatsapp.net",
            "@lid",
            "@g.us",
            "@broadcast",
            "status",
            ":0",
            ".0",
            "+",
            "-",
        ])
}

fn ulids<T: std::str::FromStr<Err: std::fmt::Display> + std::fmt::Display + PartialEq + std::fmt::Debug>(
    name: &'static str,
    prefix: &str,
) -> Target {
    Target::text::<T>(name)
        .seeds([
            format!("{prefix}{ULID}"),
            format!("{prefix}{}", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
        ])
        .pieces([prefix, ULID, "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ses_", "o", "I", "U"])
}

/// A form whose values are written as `write` writes them.
fn form<F: Form<Out: PartialEq + std::fmt::Debug> + 'static>(
    name: &'static str,
    form: F,
    write: impl Fn(&F::Out) -> String + 'static,
) -> Target {
    Target::new(name, move |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let from_query = form.read_text(&text);
        let from_body = form.read(Value::String(text));
        match from_query {
            Ok(found) => {
                assert_eq!(form.read_text(&write(&found)).as_ref(), Ok(&found));
                Taken::Read
            }
            Err(words) => {
                assert!(from_body.is_err(), "a body takes what a query does not");
                Taken::Refused(words)
            }
        }
    })
}

#[test]
fn addresses_and_ids_are_read_or_refused() {
    fuzz(&[
        addresses(),
        ulids::<SessionId>("ids of sessions", SessionId::PREFIX),
        ulids::<EffectId>("ids of effects", EffectId::PREFIX),
        ulids::<EventId>("ids of events", EventId::PREFIX),
        ulids::<RunId>("ids of runs", RunId::PREFIX),
        Target::text::<MessageId>("ids of messages").seeds(["3EB0C431C26A1916E07A", "false_4915@c.us_3EB0", "~"]),
        Target::text::<ScheduleId>("ids of schedules").seeds(["morning", "every day, 9:00", "ä"]),
        Target::text::<SessionName>("names of sessions").seeds(["main", "sales-de", "a.b_c"]),
        Target::text::<UserName>("names of users").seeds(["ada", "ada@example.com", "a+b"]),
        Target::text::<Scope>("scopes")
            .seeds(Scope::ALL.iter().map(|scope| scope.name()))
            .pieces(["read", "write", "tenant"]),
        Target::text::<FileName>("ids of media")
            .seeds([SHA, "0000000000000000000000000000000000000000000000000000000000000000"]),
        Target::text::<PackageDigest>("digests")
            .seeds([format!("sha256:{SHA}")])
            .pieces(["sha256:", "sha512:"]),
    ]);
}

#[test]
fn networks_and_places_are_read_or_refused() {
    let secrets = Target::new("secrets", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match text.parse::<SecretText>() {
            Ok(secret) => {
                assert!(text.starts_with(secret.expose()));
                Taken::Read
            }
            Err(error) => Taken::Refused(error.to_string()),
        }
    });
    let urls = Target::new("URLs", |bytes| match String::from_utf8_lossy(bytes).parse::<Url>() {
        Ok(url) => {
            assert_eq!(url.as_str().parse::<Url>().as_ref(), Ok(&url));
            Taken::Read
        }
        Err(error) => Taken::Refused(error.to_string()),
    });
    let origins = Target::new("origins", |bytes| {
        match String::from_utf8_lossy(bytes).parse::<Origin>() {
            Ok(_) => Taken::Read,
            Err(error) => Taken::Refused(error.to_string()),
        }
    });
    fuzz(&[
        Target::text::<Network>("networks")
            .seeds([
                "192.0.2.0/24",
                "2001:db8::/32",
                "10.0.0.1",
                "::ffff:10.0.0.1",
                "::/0",
                "0.0.0.0/0",
            ])
            .pieces(["/", "/33", "/129", "/0", "::", "::ffff:", "[", "]", "%eth0", "1.2.3.4"]),
        Target::text::<Reference>("references of registries")
            .seeds([
                format!("oci://ghcr.io/example/echo@sha256:{SHA}"),
                format!("oci://localhost:5000/a@sha256:{SHA}"),
            ])
            .pieces(["oci://", "@sha256:", "@", "/", "..", ":80", "[::1]"]),
        Target::text::<Hours>("hours")
            .seeds(["mon-fri 9:00-18:00", "22:00-6:00", "sat,sun 10:00-14:00"])
            .pieces(["mon", "sun-mon", "24:00", "0:0", "99:99"]),
        secrets.seeds(["open sesame, please\n", "swordfish swordfish"]),
        urls.seeds([
            "https://example.com/a?b#c",
            "http://user:pass@[::1]:80/../",
            "socks5://proxy:1080",
            "data:text/plain,a",
        ])
        .pieces(["://", "@", "#", "?", "..", "xn--", "[", "%2e"]),
        origins
            .seeds(["https://app.example.com", "*", "http://localhost:3000"])
            .pieces(["http://", "null", "/"]),
    ]);
}

#[test]
fn moments_numbers_and_files_are_read_or_refused() {
    let moments = [
        "2027-01-31T09:30:00Z",
        "2027-01-31T09:30:00.123+05:30",
        "9999-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
    ];
    let parts = [
        "T",
        "Z",
        "+24:00",
        "-23:59",
        ".999999999999",
        ":60",
        "-02-30",
        "+262143-",
        "T24:00:00",
    ];
    let number = |from, to| form("numbers", integer(from, to), u64::to_string);
    let written = |bytes: &bytes::Bytes| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let data = Base64(1 << 10);
    fuzz(&[
        form("moments in queries", moment(), |at| rfc3339(*at))
            .seeds(moments)
            .pieces(parts),
        form("moments in bodies", Time, |at| rfc3339(*at))
            .seeds(moments)
            .pieces(parts),
        number(1, 200).seeds(["1", "50", "200"]).pieces(["0", "00", "+", "0x"]),
        form("data URLs", data, written)
            .seeds([
                "aGVsbG8=",
                "data:text/plain;base64,aGVsbG8=",
                "data:image/png;charset=utf-8;base64,aGk=",
            ])
            .pieces(["data:", ";base64,", "=", "==", "_", "-", ","]),
        form("files in bodies", file(1 << 10), written)
            .seeds(["aGVsbG8=", "/9j/4AAQ"])
            .pieces(["=", "==", "_", "-"]),
    ]);
}
