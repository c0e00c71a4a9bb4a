//! One page of the reference: an interface of the contract, with what a manifest says to be let at it.

use std::fmt::Write;

use super::request::Request;
use super::snippet::Snippet;
use super::wit::{Interface, Item};

/// The first line of everything that is written here.
pub(super) const GENERATED: &str = "<!-- Written by `cargo xtask docs` from the contract; change that instead. -->";

/// The page of a capability.
pub(super) fn capability(interface: &Interface, requests: &[&Request], snippets: &[Snippet]) -> String {
    let mut page = head(&interface.name);
    paragraph(&mut page, &interface.docs);
    if requests.is_empty() {
        paragraph(&mut page, "It needs no grant.");
    } else {
        paragraph(&mut page, "## In the manifest");
        for request in requests {
            paragraph(&mut page, &request.told());
        }
    }
    if !snippets.is_empty() {
        paragraph(&mut page, "## In a plugin");
        paragraph(
            &mut page,
            "Pieces of the [plugin that is the same in every language](../../examples/conformance), which the tests build and play.",
        );
    }
    for Snippet {
        language,
        fence,
        text,
        source,
    } in snippets
    {
        paragraph(&mut page, &format!("[{language}](../../{source}):"));
        paragraph(&mut page, &format!("```{fence}\n{}\n```", text.trim_end()));
    }
    items(&mut page, "Functions", &interface.functions);
    items(&mut page, "Types", &interface.types);
    page
}

/// The page of what is common to all capabilities.
pub(super) fn capabilities(common: &str, capabilities: &[Interface]) -> String {
    let mut page = head("Capabilities");
    paragraph(&mut page, common);
    let list = capabilities.iter().map(|Interface { name, docs, .. }| {
        let first = docs.split_once(". ").map_or(docs.as_str(), |(first, _)| first);
        let first = first.split_once(".\n").map_or(first, |(first, _)| first);
        format!(
            "- [{name}]({name}.md): {}.",
            first.trim_end_matches('.').replace('\n', " ")
        )
    });
    paragraph(&mut page, &list.collect::<Vec<_>>().join("\n"));
    page
}

/// The page of all handlers.
pub(super) fn handlers(common: &str, handlers: &[Interface]) -> String {
    let mut page = head("Handlers");
    paragraph(&mut page, common);
    for interface in handlers {
        paragraph(&mut page, &format!("## {}", interface.name));
        paragraph(&mut page, &interface.docs);
        for item in interface.functions.iter().chain(&interface.types) {
            one(&mut page, item);
        }
    }
    page
}

/// The page of the types.
pub(super) fn types(interface: &Interface) -> String {
    let mut page = head("Types");
    paragraph(&mut page, &interface.docs);
    for item in &interface.types {
        one(&mut page, item);
    }
    page
}

fn head(title: &str) -> String {
    format!("{GENERATED}\n\n# {title}\n")
}

fn items(page: &mut String, title: &str, items: &[Item]) {
    if !items.is_empty() {
        paragraph(page, &format!("## {title}"));
    }
    for item in items {
        one(page, item);
    }
}

fn one(page: &mut String, item: &Item) {
    paragraph(page, &format!("### {}", item.name));
    paragraph(page, &format!("```wit\n{}\n```", item.text));
    paragraph(page, &item.docs);
}

fn paragraph(page: &mut String, text: &str) {
    if !text.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(page, "\n{text}\n");
    }
}
