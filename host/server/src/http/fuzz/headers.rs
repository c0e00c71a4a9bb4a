//! Headers: who calls and from where, what they send and want.

use std::net::IpAddr;

use http::header::{ACCEPT, FORWARDED, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use ulid::Ulid;
use waspnest_core::caller::{Credential, CredentialKind};
use waspnest_core::clock::{SeededIds, UnixMs};
use waspnest_core::id::{LoginId, TenantId, UserId};
use waspnest_core::master_key::MasterKey;

use super::{Taken, Target, fuzz};
use crate::config::callers::{Callers, Origin, ProxyHeader};
use crate::http::idempotency::key_of;
use crate::http::multipart::boundary;
use crate::http::{accept, cors, peer};
use crate::service::admin_secret::AdminHash;
use crate::service::caller::AccessTokens;
use crate::service::media::{mime_of, name_of};

const NOW: UnixMs = UnixMs(1_800_000_000_000);

/// A header with some value; none when no request can have it, since a connection refuses it before.
fn with(name: &HeaderName, bytes: &[u8]) -> Option<HeaderMap> {
    let value = HeaderValue::from_bytes(bytes).ok()?;
    Some(HeaderMap::from_iter([(name.clone(), value)]))
}

fn header(name: &'static str, header: HeaderName, take: impl Fn(&HeaderMap) -> Taken + 'static) -> Target {
    Target::new(name, move |bytes| match with(&header, bytes) {
        Some(headers) => take(&headers),
        None => Taken::PassedOver,
    })
}

fn read_if<T>(found: Option<T>) -> Taken {
    match found {
        Some(_) => Taken::Read,
        None => Taken::PassedOver,
    }
}

#[test]
fn what_callers_show_is_known_or_not() {
    let tokens = AccessTokens::under(&MasterKey::from_bytes([7; 32]));
    let real = tokens.make(
        UserId::new(Ulid(1)),
        TenantId::DEFAULT,
        LoginId::new(Ulid(2)),
        NOW,
        UnixMs(NOW.0 + 900_000),
    );
    let jwt = {
        let real = real.clone();
        Target::new("access tokens", move |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let found = tokens.read(&text, NOW);
            // Whoever changes one has another, which nobody signed.
            assert!(found.is_none() || text == real, "{text:?} opens something");
            read_if(found)
        })
    };
    let ids = SeededIds::new(1);
    let drawn = [
        CredentialKind::ApiKey,
        CredentialKind::SessionToken,
        CredentialKind::Refresh,
    ]
    .map(|kind| Credential::draw(kind, Ulid(7), &ids).expose().to_owned());
    let keys = Target::new("keys and tokens", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let found = Credential::read(&text);
        if let Some(found) = &found {
            assert_eq!(found.expose(), text);
            assert!(text.starts_with(found.kind.prefix()));
            assert!(format!("{found:?}").len() < 60, "a secret is shown");
        }
        read_if(found)
    });
    let hash = AdminHash::of("a secret of the operator");
    let admin = Target::new("admin secrets", move |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let admitted = hash.admits(&text);
        assert_eq!(admitted, text == "a secret of the operator");
        read_if(admitted.then_some(()))
    });
    fuzz(&[
        jwt.seeds([real]).pieces([
            ".",
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0",
            "eyJhbGciOiJIUzM4NCJ9",
            "eyJleHAiOjE4MDAwMDA5MDB9",
            "=",
            "_",
        ]),
        keys.seeds(drawn).pieces([
            "wn_live_",
            "wn_session_",
            "wn_refresh_",
            "_",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ]),
        admin.seeds(["a secret of the operator"]),
    ]);
}

#[test]
fn where_callers_are_is_believed_or_not() {
    let told = |by: ProxyHeader, name, of| {
        let config = Callers {
            proxies: ["10.0.0.0/8", "::1"]
                .map(|network| network.parse().expect("a network"))
                .into(),
            proxy_header: by,
            ..Callers::default()
        };
        header(name, of, move |headers| {
            let near = "10.0.0.1:80".parse().ok();
            let found = peer::address(near, headers, &config).expect("the connection has one");
            assert_eq!(found, found.to_canonical());
            // Who is no proxy is not asked.
            let far: Option<IpAddr> = "192.0.2.1".parse().ok();
            assert_eq!(peer::address("192.0.2.1:80".parse().ok(), headers, &config), far);
            read_if((found.to_string() != "10.0.0.1").then_some(()))
        })
    };
    let by_x = told(
        ProxyHeader::XForwardedFor,
        "X-Forwarded-For",
        HeaderName::from_static("x-forwarded-for"),
    );
    let by_standard = told(ProxyHeader::Forwarded, "Forwarded", FORWARDED);
    let callers = Callers {
        origins: vec![Origin::Site("https://app.example.com".into())],
        ..Callers::default()
    };
    let sites = header("Origin", ORIGIN, move |headers| {
        let found = cors::site(headers, &callers);
        assert!(found.as_ref().is_none_or(|site| site == "https://app.example.com"));
        read_if(found)
    });
    fuzz(&[
        by_standard
            .seeds([
                "for=198.51.100.7;proto=https;by=10.0.0.1",
                "for=203.0.113.9, For=\"198.51.100.7:4711\", for=10.0.0.2",
                "host=\"a;b,c\\\"\";for=\"[2001:db8::1]:4711\"",
            ])
            .pieces(["for=", "\"", "\\", ";", ", ", "[", "]", "unknown", "_hidden"]),
        by_x.seeds([
            "198.51.100.7",
            "203.0.113.9, 198.51.100.7:4711, 10.0.0.2",
            "[2001:db8::1]:4711",
            "::ffff:10.0.0.2",
        ])
        .pieces(["10.0.0.3", "[", "]", "::", ", ", "unknown", "_hidden"]),
        sites
            .seeds(["https://app.example.com", "null"])
            .pieces(["https://", ":443"]),
    ]);
}

#[test]
fn what_is_sent_and_wanted_is_understood_or_passed_over() {
    let offers = ["application/json", "image/png", "text/plain"];
    let accepts = header("Accept", ACCEPT, move |headers| {
        let found = accept::choose(headers, &offers);
        assert!(found.is_none_or(|found| offers.contains(&found)));
        read_if(found)
    });
    let keys = header(
        "Idempotency-Key",
        HeaderName::from_static("idempotency-key"),
        |headers| match key_of(headers) {
            Ok(found) => {
                assert!(found.is_some_and(|key| (1..=255).contains(&key.len())));
                Taken::Read
            }
            Err(error) => Taken::Refused(error.chain()),
        },
    );
    let kinds = Target::new("Content-Type", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let found = mime_of(&text);
        if let Some(found) = &found {
            assert_eq!(mime_of(found).as_ref(), Some(found));
            assert!(HeaderValue::from_str(found).is_ok(), "it could not be answered with");
        }
        read_if(found)
    });
    let boundaries = Target::new("boundaries", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let found = boundary(&text);
        assert!(found.is_none_or(|found| (1..=70).contains(&found.len())));
        read_if(found)
    });
    let names = Target::new("names of files", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let found = name_of(&text);
        if let Some(found) = &found {
            assert_eq!(name_of(found).as_ref(), Some(found));
            assert!(!found.contains(['/', '\\', '\0', '\r', '\n']) && **found != *"..");
        }
        read_if(found)
    });
    fuzz(&[
        accepts
            .seeds(["*/*", "text/html, application/json;q=0.5, */*;q=0.1", "image/*"])
            .pieces([";q=", "q=1.0000001", "q=NaN", "q=-1", "q=inf", "*/", "image/*", ", "]),
        keys.seeds(["order-4711", "3f1e8f0e-7f0c-4a7b-9a1e-0f9f2a4c7d11"]),
        kinds
            .seeds([
                "image/jpeg",
                "text/plain; charset=utf-8",
                "application/vnd.api+json",
                "multipart/form-data",
            ])
            .pieces(["/", ";", "charset=", "*/*"]),
        boundaries
            .seeds([
                "multipart/form-data; boundary=x",
                "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\"",
            ])
            .pieces(["multipart/form-data", "; boundary=", "boundary=", "\"", ";;"]),
        names
            .seeds(["tea.jpg", "C:\\a\\b.txt", "../../etc/passwd", "ä b.png"])
            .pieces(["..", "/", "\\", "%2f"]),
    ]);
}
