//! The API as others read it: the page on which it can be tried, the document, the collection for Postman.

use waspnest::http::{openapi, postman};

use crate::support::TestApi;

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let api = TestApi::start().await;
    let page = api.bare("GET", "/docs").send().await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    let page = String::from_utf8(page.body).expect("a text");
    assert!(!page.contains("//"), "an address of somebody else's: {page}");
    for (_, rest) in page.match_indices("docs/").map(|(at, _)| page.split_at(at)) {
        let file = rest.split('"').next().expect("a name");
        let answer = api.bare("GET", &format!("/{file}")).send().await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let unknown = api.bare("GET", "/docs/../Cargo.toml").send().await;
    unknown.problem(404, "no_route");
    api.bare("GET", "/docs/LICENSE").send().await.problem(404, "no_route");
}

#[tokio::test]
async fn the_document_is_open_to_everybody() {
    let api = TestApi::start().await;
    let answer = api.bare("GET", "/openapi.json").send().await;
    assert_eq!(answer.json(), openapi());
}

#[test]
fn the_collection_has_a_request_for_each_operation() {
    let (document, collection) = (openapi(), postman());
    let paths = document["paths"].as_object().expect("paths").values();
    let operations: usize = paths.map(|path| path.as_object().expect("operations").len()).sum();
    let folders = collection["item"].as_array().expect("folders").iter();
    let requests: usize = folders
        .map(|folder| folder["item"].as_array().expect("requests").len())
        .sum();
    assert_eq!(requests, operations);
}

#[test]
fn a_request_of_the_collection_says_what_it_needs() {
    let collection = postman();
    let folders = collection["item"].as_array().expect("folders").iter();
    let secrets = folders.filter(|folder| folder["name"] == "secrets");
    let keep = secrets
        .flat_map(|folder| folder["item"].as_array().expect("requests"))
        .find(|item| item["request"]["method"] == "PUT")
        .expect("secrets are kept");
    insta::assert_snapshot!(format!("{keep:#}"));
}
