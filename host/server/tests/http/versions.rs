//! Versions of plugins over the API: what is asked for, and what the refusals say.

use serde_json::{Value, json};
use waspnest::service::versions::{Arrival, Coming};

use crate::support::{BODY_LIMIT, TestApi};

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn version(digit: char, action: &str) -> String {
    format!("/v1/installations/echo/versions/{}:{action}", digest(digit))
}

#[tokio::test]
async fn a_version_comes_as_an_archive_or_from_a_directory() {
    let api = TestApi::start().await;
    let path = "/v1/installations/echo/versions";
    // Larger than any other body may be.
    let archive = vec![7; usize::try_from(BODY_LIMIT).expect("it fits") * 4];
    let upload = api.request("POST", path).header("Content-Type", "application/gzip");
    let answer = upload.body(&archive).send().await;
    assert_eq!((answer.status, &answer.json()["digest"]), (201, &json!(digest('4'))));
    assert_eq!(api.post(path, json!({ "directory": "echo-2" })).await.status, 201);
    assert_eq!(api.post(path, json!({})).await.status, 201);
    assert_eq!(api.request("POST", path).send().await.status, 201);
    let url = "https://plugins.example/echo.tar.gz";
    let by_url = json!({ "url": url, "digest": digest('5'), "signature": "untrusted comment: …" });
    assert_eq!(api.post(path, by_url).await.status, 201);
    let oci = format!("oci://registry.example/echo@{}", digest('6'));
    assert_eq!(api.post(path, json!({ "oci": oci })).await.status, 201);
    let unsigned = |arrival| Coming {
        arrival,
        signature: None,
    };
    assert_eq!(
        *api.versions.arrived.lock().expect("no test panics in here"),
        [
            unsigned(Arrival::Archive(archive.into())),
            unsigned(Arrival::Directory("echo-2".into())),
            unsigned(Arrival::Source),
            unsigned(Arrival::Source),
            Coming {
                arrival: Arrival::Url {
                    url: url.parse().expect("a URL"),
                    digest: digest('5').parse().expect("a digest")
                },
                signature: Some("untrusted comment: …".into()),
            },
            unsigned(Arrival::Registry(oci.parse().expect("a reference"))),
        ]
    );
    for body in [
        json!({ "url": url }),
        json!({ "digest": digest('5') }),
        json!({ "url": url, "digest": "5555" }),
        json!({ "oci": "oci://registry.example/echo:latest" }),
        json!({ "oci": oci, "directory": "echo" }),
    ] {
        api.post(path, body).await.problem(422, "invalid_body");
    }
    api.post(path, json!({ "directory": "gone" }))
        .await
        .problem(422, "unusable_package");
    api.post(path, json!({ "directry": "echo" }))
        .await
        .problem(422, "invalid_body");
    let text = api.request("POST", path).header("Content-Type", "text/plain");
    text.body(b"echo").send().await.problem(415, "unsupported_media_type");
    let nobody = api.post("/v1/installations/nobody/versions", json!({})).await;
    nobody.problem(404, "unknown_installation");
}

#[tokio::test]
async fn what_may_not_be_put_to_work_says_why() {
    let api = TestApi::start().await;
    let waiting = api.request("POST", &version('3', "activate")).send().await;
    let problem = waiting.problem(409, "version_not_approved");
    assert!(
        problem["detail"]
            .as_str()
            .expect("words")
            .contains("it asks for \"kv\""),
        "{problem}"
    );
    for path in [
        version('9', "activate"),
        version('9', "approve"),
        "/v1/installations/echo/versions/first:activate".to_owned(),
    ] {
        api.request("POST", &path).send().await.problem(404, "unknown_version");
    }
    let approved = api.request("POST", &version('3', "approve")).send().await;
    assert_eq!(
        (approved.status, &approved.json()["active"]),
        (200, &json!(digest('3')))
    );
    let back = "/v1/installations/echo:rollback";
    api.request("POST", back)
        .send()
        .await
        .problem(409, "data_of_a_later_form");
    api.post(back, json!({ "force": "yes" }))
        .await
        .problem(422, "invalid_body");
    let forced = api.post(back, json!({ "force": true })).await.json();
    assert_eq!(
        (&forced["active"], &forced["previous"], &forced["follows"]),
        (&json!(digest('1')), &json!(digest('3')), &json!("choice"))
    );
    let states: Vec<&Value> = forced["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["state"])
        .collect();
    assert_eq!(states, ["previous", "installed", "active"]);
}

#[tokio::test]
async fn a_version_is_tried_in_some_chats() {
    let api = TestApi::start().await;
    let path = version('2', "canary");
    for (body, code) in [
        (json!({}), "invalid_body"),
        (json!({ "percent": 0 }), "invalid_body"),
        (json!({ "percent": 100 }), "invalid_body"),
    ] {
        api.post(&path, body).await.problem(422, code);
    }
    let unknown = api.post(&version('9', "canary"), json!({ "percent": 5 })).await;
    unknown.problem(404, "unknown_version");
    api.post(&path, json!({ "percent": 5 })).await;
    let listed = api.get("/v1/installations/echo/versions").await.json();
    assert_eq!(listed["canary"], json!({ "digest": digest('2'), "percent": 5 }));
    let ended = api.request("DELETE", "/v1/installations/echo/canary").send().await;
    assert_eq!(ended.json()["canary"], json!(null));
}

#[tokio::test]
async fn a_version_is_in_shadow_of_all_chats_or_some() {
    let api = TestApi::start().await;
    let path = version('2', "shadow");
    for body in [
        json!({ "percent": 0 }),
        json!({ "percent": 101 }),
        json!({ "chats": 5 }),
    ] {
        api.post(&path, body).await.problem(422, "invalid_body");
    }
    let unknown = api.request("POST", &version('9', "shadow")).send().await;
    unknown.problem(404, "unknown_version");
    let nothing = api.get("/v1/installations/echo/shadow").await;
    nothing.problem(404, "no_shadow");
    let nobody = api.get("/v1/installations/nobody/shadow").await;
    nobody.problem(404, "unknown_installation");
    let put = api.request("POST", &path).send().await.json();
    assert_eq!(put["shadow"], json!({ "digest": digest('2'), "percent": 100 }));
    let found = api.get("/v1/installations/echo/shadow").await.json();
    assert_eq!((&found["same"], &found["different"]), (&json!(9), &json!(1)));
    assert_eq!(
        found["differences"][0]["words"],
        json!(["effects/0 is not there, and was"])
    );
    let ended = api.request("DELETE", "/v1/installations/echo/shadow").send().await;
    assert_eq!(ended.json()["shadow"], json!(null));
}
