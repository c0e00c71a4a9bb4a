//! What the README shows can be done as it is shown.

use serde_json::{Value, json};
use waspnest_simulator::admin;
use waspnest_simulator::human::Cast;

const README: &str = include_str!("../../README.md");

/// The code blocks in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let blocks = README.split(&opening).skip(1);
    blocks.filter_map(|block| block.split("\n```").next()).collect()
}

/// Whether the document has this call; `path` may end in a query and have shell variables in it.
fn is_served(document: &Value, method: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (wanted, given) = (template.split('/'), path.split('/'));
        wanted.clone().count() == given.clone().count()
            && wanted
                .zip(given)
                .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
    };
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .filter(|(template, _)| fits(template))
        .any(|(_, methods)| methods[method.to_ascii_lowercase()].is_object())
}

#[test]
fn every_curl_of_the_readme_is_a_call() {
    let document = admin::openapi();
    let mut seen = 0;
    // A call that goes on in the next line is one call.
    let lines = blocks("sh").join("\n").replace(",\n ", ", ");
    for call in lines.split("curl ").skip(1) {
        let call = call.split(['\n', '|']).next().unwrap_or_default();
        let path = call
            .split("$ADMIN")
            .nth(1)
            .unwrap_or_else(|| panic!("{call} does not call the simulator"));
        let path = path.split([' ', '"']).next().unwrap_or_default();
        let method = match call {
            _ if call.contains("-X DELETE") => "DELETE",
            _ if call.contains("-X POST") || call.contains(" -d ") => "POST",
            _ => "GET",
        };
        assert!(
            is_served(&document, method, path),
            "{method} {path} is in the README and not served"
        );
        seen += 1;
    }
    assert!(seen > 20, "only {seen} calls were found");
}

#[test]
fn every_call_the_readme_names_is_served() {
    let document = admin::openapi();
    let mut seen = 0;
    for method in ["GET", "POST", "DELETE"] {
        for named in README.split(&format!("`{method} /")).skip(1) {
            let path = format!("/{}", named.split('`').next().unwrap_or_default());
            assert!(
                is_served(&document, method, &path),
                "{method} {path} is in the README and not served"
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} calls were found");
}

#[test]
fn every_resource_is_in_the_readme() {
    let document = admin::openapi();
    for path in document["paths"].as_object().into_iter().flat_map(|paths| paths.keys()) {
        let resource = format!("`/{}`", path.split('/').nth(1).unwrap_or_default());
        let listed = ["`/`", "`/openapi.json`"].contains(&resource.as_str()) || README.contains(&resource);
        assert!(listed, "{resource} is not in the README");
    }
}

#[test]
fn the_cast_in_the_readme_is_a_cast() -> anyhow::Result<()> {
    let [cast] = blocks("toml")[..] else {
        anyhow::bail!("one cast in the README");
    };
    let cast = Cast::from_toml(cast)?;
    assert_eq!((cast.size(), cast.personas.len(), cast.accounts.len()), (201, 2, 1));
    let as_json = serde_json::to_value(&cast)?;
    assert_eq!(as_json["personas"]["shopkeeper"]["types"], json!([200, 800]));
    Ok(())
}
