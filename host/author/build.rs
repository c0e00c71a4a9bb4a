//! Makes the tables of files that are carried along: the contract, the layers of the languages, the templates.
//!
//! Reads nothing outside the checkout. Everything carried is text; a file that is not fails the build.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Name of a table, and the directory whose files are in it, from here.
const TABLES: [(&str, &str); 13] = [
    ("CONTRACT", "../../plugin-sdk/wit"),
    ("RUST_SOURCES", "../../plugin-sdk/src"),
    ("RUST_DERIVE_SOURCES", "../../plugin-sdk/derive/src"),
    ("JS_LAYER", "../../plugin-sdk/js"),
    ("PYTHON_LAYER", "../../plugin-sdk/python"),
    ("GO_LAYER", "../../plugin-sdk/go"),
    ("C_LAYER", "../../plugin-sdk/c"),
    ("RUST_TEMPLATE", "templates/rust"),
    ("JS_TEMPLATE", "templates/js"),
    ("TS_TEMPLATE", "templates/ts"),
    ("PYTHON_TEMPLATE", "templates/python"),
    ("GO_TEMPLATE", "templates/go"),
    ("C_TEMPLATE", "templates/c"),
];

/// What tools leave in such directories while somebody works on them.
const LEFT_OUT: [&str; 5] = ["target", "node_modules", "__pycache__", ".waspnest", "Cargo.lock"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(of_cargo("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for (table, dir) in TABLES {
        let dir = here.join(dir);
        println!("cargo:rerun-if-changed={}", dir.display());
        let mut files = Vec::new();
        collect(&dir, Path::new(""), &mut files)?;
        files.sort();
        let _ = writeln!(code, "pub(crate) const {table}: &[Carried] = &[");
        for file in files {
            let path = file.to_string_lossy().replace('\\', "/");
            let from = dir.join(&file);
            let _ = writeln!(code, "    Carried {{ path: {path:?}, text: include_str!({from:?}) }},");
        }
        code += "];\n";
    }
    fs::write(Path::new(&of_cargo("OUT_DIR")).join("carried.rs"), code)
}

#[expect(clippy::disallowed_methods, reason = "how cargo speaks to build scripts")]
fn of_cargo(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}

/// The files of a directory, by their paths below it.
fn collect(top: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(top.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let path = below.join(name);
        match entry.file_type()?.is_dir() {
            true => collect(top, &path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
