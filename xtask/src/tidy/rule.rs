//! The rules themselves: each takes a path from the top of the checkout and a text, and answers complaints.

/// Most lines a source file may have; past 400 its author should ask why.
const MAX_LINES: usize = 600;

/// File and directory names that say nothing: what has no better name is a concept that was not found yet.
const EMPTY_NAMES: [&str; 9] = [
    "utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "types",
];

/// A crate from outside, and the only places of the host that may name it.
struct Layer {
    /// As it stands in `Cargo.toml`.
    package: &'static str,
    /// As it stands in code.
    name: &'static str,
    /// Path prefixes that may name it in code.
    code: &'static [&'static str],
    /// The manifests that may depend on it.
    manifests: &'static [&'static str],
}

const LAYERS: [Layer; 7] = [
    Layer {
        package: "sled",
        name: "sled",
        code: &["host/core/src/store", "host/core/tests/"],
        manifests: &["host/core/Cargo.toml"],
    },
    Layer {
        package: "warp",
        name: "warp",
        code: &[
            "host/server/src/http",
            "host/server/tests/",
            "host/server/examples/http/",
        ],
        manifests: &["host/server/Cargo.toml"],
    },
    Layer {
        package: "wasmtime",
        name: "wasmtime",
        code: &["host/engine/"],
        manifests: &["host/engine/Cargo.toml"],
    },
    Layer {
        package: "wasmtime-wasi",
        name: "wasmtime_wasi",
        code: &["host/engine/"],
        manifests: &["host/engine/Cargo.toml"],
    },
    Layer {
        package: "whatsapp-rust",
        name: "whatsapp_rust",
        code: &["host/whatsapp/"],
        manifests: &["host/whatsapp/Cargo.toml"],
    },
    Layer {
        package: "waproto",
        name: "waproto",
        code: &["host/whatsapp/"],
        manifests: &["host/whatsapp/Cargo.toml"],
    },
    Layer {
        package: "wacore",
        name: "wacore",
        code: &["host/whatsapp/"],
        manifests: &["host/whatsapp/Cargo.toml"],
    },
];

/// Our own crates that each crate may build on; its tests may use more. The compiler only forbids circles.
const BUILDS_ON: [(&str, &[&str]); 9] = [
    ("host/author/Cargo.toml", &[]),
    ("host/core/Cargo.toml", &[]),
    ("host/egress/Cargo.toml", &["waspnest-core"]),
    ("host/engine/Cargo.toml", &["waspnest-core"]),
    ("host/whatsapp/Cargo.toml", &["waspnest-core"]),
    (
        "host/server/Cargo.toml",
        &[
            "waspnest-author",
            "waspnest-core",
            "waspnest-egress",
            "waspnest-engine",
            "waspnest-whatsapp",
        ],
    ),
    ("simulator/Cargo.toml", &[]),
    ("plugin-sdk/Cargo.toml", &["waspnest-plugin-derive"]),
    ("plugin-sdk/derive/Cargo.toml", &[]),
];

/// No name that says nothing.
pub(super) fn name(path: &str) -> Vec<String> {
    let says_nothing = |part: &str| EMPTY_NAMES.contains(&part.strip_suffix(".rs").unwrap_or(part));
    path.split('/')
        .filter(|part| path.ends_with(".rs") && says_nothing(part))
        .map(|part| format!("{path}: the name `{part}` says nothing; name the concept"))
        .collect()
}

/// No file too long to be read at once.
pub(super) fn size(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > MAX_LINES).then(|| format!("{path}: {lines} lines, more than {MAX_LINES}; split it by concept"))
}

/// Every module says what it is for. A `tests.rs` need not: it is for what its parent is for.
pub(super) fn module_doc(path: &str, text: &str) -> Option<String> {
    if path.ends_with("/tests.rs") {
        return None;
    }
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("#!["));
    let documented = first.is_some_and(|line| line.starts_with("//!"));
    (!documented).then(|| format!("{path}: no module documentation (//!) at its top"))
}

/// Nothing left for later. The words are put together here so that this file does not find itself.
pub(super) fn unfinished(path: &str, text: &str) -> Vec<String> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ig", "nore"),
        concat!("unimpl", "emented!("),
    ];
    let found = |line: &str| marks.iter().any(|mark| line.contains(mark));
    numbered(text)
        .filter(|(_, line)| found(line))
        .map(|(number, line)| format!("{path}:{number}: unfinished: {}", line.trim()))
        .collect()
}

/// Crates from outside are named in their layer alone.
pub(super) fn layers(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("host/") {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    if path.starts_with("host/server/src/http") {
        let of_the_store = numbered(text).filter(|(_, line)| line.contains("core::store"));
        complaints.extend(of_the_store.map(|(number, _)| format!("{path}:{number}: http never touches the store")));
    }
    for layer in LAYERS
        .iter()
        .filter(|layer| !layer.code.iter().any(|prefix| path.starts_with(prefix)))
    {
        for (number, line) in numbered(text) {
            let code = line.split("//").next().unwrap_or_default();
            if names_crate(code, layer.name) {
                let allowed = layer.code[0];
                complaints.push(format!("{path}:{number}: only {allowed} may name {}", layer.name));
            }
        }
    }
    complaints
}

/// The same for dependencies, ours included.
pub(super) fn dependencies(path: &str, text: &str) -> Vec<String> {
    let builds_on = BUILDS_ON
        .iter()
        .find(|(manifest, _)| *manifest == path)
        .map(|(_, allowed)| *allowed);
    let mut complaints = Vec::new();
    let mut section = "";
    for line in text.lines() {
        if line.starts_with('[') {
            section = line.trim();
            continue;
        }
        let key = line.split(['=', '.']).next().unwrap_or_default().trim();
        for layer in LAYERS
            .iter()
            .filter(|layer| path.starts_with("host/") && !layer.manifests.contains(&path))
        {
            if key == layer.package {
                complaints.push(format!("{path}: only {} may depend on {key}", layer.manifests[0]));
            }
        }
        let ours = key == "waspnest" || key.starts_with("waspnest-");
        if section == "[dependencies]" && ours && builds_on.is_some_and(|allowed| !allowed.contains(&key)) {
            complaints.push(format!("{path}: must not build on {key}; see ARCHITECTURE.md"));
        }
    }
    complaints
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Whether a line of code starts a path at a crate: `name::…`, and not `x::name::…` or `my_name::…`.
fn names_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let word = |before: char| before.is_alphanumeric() || before == '_' || before == ':';
    let starts = code.match_indices(&path).any(|(at, _)| !code[..at].ends_with(word));
    starts || code.trim() == format!("use {name};")
}

#[cfg(test)]
mod tests;
