//! A plugin: a compiled component with its manifest, checked against each other.
//!
//! What is checked here is never checked again at a call: the component imports nothing the manifest does not ask for, exports every
//! handler the manifest subscribes to, and speaks the contract's track.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use wasmtime::component::{InstancePre, Linker};
use waspnest_core::event::Family;
use waspnest_core::package::{PackageDigest, PackageError};

use crate::bindings::exports::waspnest::plugin::{config_check, lifecycle};
use crate::configuration::ConfigSchema;
use crate::engine::{AdaptError, Built, Metering};
use crate::handlers::{Handler, Handlers};
use crate::limits::Limits;
use crate::manifest::{API, Capability, FREE, Manifest, ManifestError};
use crate::state::CallState;

/// SHA-256 of a component's bytes: what its compiled code is kept under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A plugin that could not be loaded. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component, or another file that the manifest names, cannot be read.
    #[error("cannot read {}, which the manifest names", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The component is larger than the host takes.
    #[error("the component {} is too large; the host takes at most {max} bytes", path.display())]
    TooLarge {
        /// The component.
        path: PathBuf,
        /// The limit.
        max: u64,
    },
    /// The files make no package.
    #[error("the plugin in {} cannot be used", place.display())]
    Package {
        /// Where they are.
        place: PathBuf,
        /// Why.
        source: PackageError,
    },
    /// The file is not a WebAssembly component.
    #[error("{} is not a WebAssembly component: {problem}", path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        problem: AdaptError,
    },
    /// The component is damaged, or asks for more than the sandbox has.
    #[error("the component {} is not valid: {problem}", path.display())]
    Invalid {
        /// The component.
        path: PathBuf,
        /// What the compiler said.
        problem: String,
    },
    /// The component uses something the manifest does not ask for.
    #[error("the component {} imports {import:?}, which its manifest does not request{}", path.display(), hint(remedy))]
    UndeclaredImport {
        /// The component.
        path: PathBuf,
        /// The import.
        import: String,
        /// Capabilities that would allow it; empty if nothing does.
        remedy: Vec<Capability>,
    },
    /// The component speaks another track of the plugin contract.
    #[error("the component {} is built for {found:?}; this host serves {API:?} of waspnest:plugin", path.display())]
    Track {
        /// The component.
        path: PathBuf,
        /// The import or export that shows it.
        found: String,
    },
    /// The manifest subscribes to something the component has no handler for.
    #[error("the manifest has {entry}, but the component {} does not export {handler:?}", path.display())]
    MissingHandler {
        /// The component.
        path: PathBuf,
        /// The manifest's entry.
        entry: String,
        /// The interface that is missing.
        handler: &'static str,
    },
    /// The component has a handler that would never be called.
    #[error("the component {} exports {handler:?}, but its manifest has no {entry}", path.display())]
    UnusedHandler {
        /// The component.
        path: PathBuf,
        /// The entry that is missing.
        entry: String,
        /// The interface that is there.
        handler: &'static str,
    },
    /// The component's imports or handlers do not have the shape the contract gives them.
    #[error("the component {} does not fit the plugin contract: {problem}", path.display())]
    Mismatch {
        /// The component.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// The schema of its configuration cannot be used.
    #[error("the schema of the configuration {} cannot be used: {problem}", path.display())]
    ConfigSchema {
        /// The schema.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no engine to run it.
    #[error("the component {} cannot be run", path.display())]
    Machine {
        /// The component.
        path: PathBuf,
        /// Why.
        source: Box<crate::EngineError>,
    },
    /// The thread that compiled it ended early.
    #[error("compiling {} was given up: {problem}", path.display())]
    Compile {
        /// The component.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}

fn hint(remedy: &[Capability]) -> String {
    match remedy {
        [] => "; this version grants nothing like it".to_owned(),
        [one] => format!("; add {:?} to [capabilities]", one.name()),
        several => format!(
            "; add one of {} to [capabilities]",
            several
                .iter()
                .map(|one| format!("{:?}", one.name()))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// A plugin, ready to be put to work.
pub struct Plugin {
    /// What its author says of it.
    pub manifest: Manifest,
    /// Which handlers it has.
    pub handlers: Handlers,
    /// Names its package: which version of the plugin this is.
    pub digest: PackageDigest,
    /// What its configuration must fit.
    pub schema: Option<Arc<ConfigSchema>>,
    /// Its own check of a configuration.
    pub(crate) config_check: Option<config_check::GuestIndices>,
    pub(crate) pre: InstancePre<CallState>,
    /// What it does with data of other forms, and at its end.
    pub(crate) lifecycle: Option<lifecycle::GuestIndices>,
    /// Places of the pool that one sandbox takes.
    pub(crate) weight: u32,
    /// What its calls are measured in.
    pub(crate) metering: Metering,
    /// The most its engine gives anybody.
    pub(crate) caps: Limits,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.manifest.id)
            .field("version", &self.manifest.version)
            .field("handlers", &self.handlers)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// The interface of a version's life, which nothing in the manifest announces.
const LIFECYCLE: &str = "lifecycle";

const PACKAGE: &str = "waspnest:plugin/";
/// The interface of a plugin's own check of its configuration, which nothing in the manifest announces.
const CONFIG_CHECK: &str = "config-check";

/// WASI packages that guests' standard libraries import. Linked without power: no files, no sockets, no environment.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:io/",
    "wasi:filesystem/",
    "wasi:sockets/",
];

impl Plugin {
    /// Names of the interfaces it imports, in the component's order.
    #[must_use]
    pub fn imports(&self) -> Vec<Box<str>> {
        let component = self.pre.component();
        let kind = component.component_type();
        kind.imports(component.engine()).map(|(name, _)| name.into()).collect()
    }

    /// Names of the interfaces it exports, in the component's order.
    #[must_use]
    pub fn exports(&self) -> Vec<Box<str>> {
        let component = self.pre.component();
        let kind = component.component_type();
        kind.exports(component.engine()).map(|(name, _)| name.into()).collect()
    }

    /// Checks a compiled component against its manifest and links it.
    pub(crate) fn link(
        manifest: Manifest,
        built: Built<'_>,
        linker: &Linker<CallState>,
        path: PathBuf,
    ) -> Result<Self, LoadError> {
        let Built {
            component,
            digest,
            metering,
            caps,
        } = built;
        let engine = component.engine();
        let kind = component.component_type();
        for (name, _) in kind.imports(engine) {
            check_import(name, &manifest).map_err(|refusal| refusal.at(&path))?;
        }
        let mut exported = Vec::new();
        let export_of = |wanted: &str| {
            let found = kind.exports(engine).find_map(|(name, _)| match contract(name) {
                Some((interface, version)) if interface == wanted => Some((name.to_owned(), version.to_owned())),
                _ => None,
            });
            match found {
                Some((found, version)) if !in_track(&version) => Err(LoadError::Track {
                    path: path.clone(),
                    found,
                }),
                Some(_) => Ok(true),
                None => Ok(false),
            }
        };
        for handler in Handler::all() {
            let found = export_of(handler.interface())?;
            if found {
                exported.push(handler);
            }
            check_handler(handler, found, &manifest, &path)?;
        }
        let checks_config = export_of(CONFIG_CHECK)?;
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch {
            path: path.clone(),
            problem: format!("{error:#}"),
        };
        let pre = linker.instantiate_pre(component).map_err(mismatch)?;
        let handlers = Handlers::find(&pre, &exported).map_err(mismatch)?;
        let config_check = match checks_config {
            true => Some(config_check::GuestIndices::new(&pre).map_err(mismatch)?),
            false => None,
        };
        let weight = crate::engine::pool_weight(component);
        let lives = kind.exports(engine).find_map(|(name, _)| match contract(name) {
            Some((LIFECYCLE, version)) => Some((name.to_owned(), in_track(version))),
            _ => None,
        });
        let lifecycle = match lives {
            None => None,
            Some((_, true)) => Some(lifecycle::GuestIndices::new(&pre).map_err(mismatch)?),
            Some((found, false)) => return Err(LoadError::Track { path, found }),
        };
        Ok(Self {
            manifest,
            handlers,
            digest,
            schema: None,
            config_check,
            pre,
            lifecycle,
            weight,
            metering,
            caps,
        })
    }
}

/// What a component exports and what its manifest subscribes to must match, in both directions.
fn check_handler(
    handler: Handler,
    exported: bool,
    manifest: &Manifest,
    path: &std::path::Path,
) -> Result<(), LoadError> {
    let entry = match handler {
        Handler::Of(Family::Schedule) => "[[schedule]]".to_owned(),
        Handler::Reply => "[capabilities] dialogue".to_owned(),
        Handler::Command => "[[command]]".to_owned(),
        Handler::Of(_) | Handler::Raw => format!("[[subscribe]] event = {:?}", handler.topic()),
    };
    // A plugin may set points in time for itself, and the operator may set some for it.
    let wanted = manifest.announces(handler) || (exported && handler == Handler::Of(Family::Schedule));
    let handler = handler.interface();
    let path = path.to_owned();
    match (wanted, exported) {
        (true, false) => Err(LoadError::MissingHandler { path, entry, handler }),
        (false, true) => Err(LoadError::UnusedHandler { path, entry, handler }),
        (true, true) | (false, false) => Ok(()),
    }
}

/// Interface and version of a name in the contract's package.
fn contract(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(PACKAGE)?;
    Some(rest.split_once('@').unwrap_or((rest, "")))
}

fn in_track(version: &str) -> bool {
    version.strip_prefix(API).is_some_and(|rest| rest.starts_with('.'))
}

enum Refusal {
    Undeclared { import: String, remedy: Vec<Capability> },
    Track { found: String },
}

impl Refusal {
    fn at(self, path: &std::path::Path) -> LoadError {
        match self {
            Self::Undeclared { import, remedy } => LoadError::UndeclaredImport {
                path: path.to_owned(),
                import,
                remedy,
            },
            Self::Track { found } => LoadError::Track {
                path: path.to_owned(),
                found,
            },
        }
    }
}

fn check_import(name: &str, manifest: &Manifest) -> Result<(), Refusal> {
    if WASI.iter().any(|package| name.starts_with(package)) {
        return Ok(());
    }
    let undeclared = |remedy: &[Capability]| Refusal::Undeclared {
        import: name.to_owned(),
        remedy: remedy.to_vec(),
    };
    let Some((interface, version)) = contract(name) else {
        return Err(undeclared(&[]));
    };
    if !in_track(version) {
        return Err(Refusal::Track { found: name.to_owned() });
    }
    if FREE.contains(&interface) {
        return Ok(());
    }
    let any_of = Capability::opening(interface);
    if any_of
        .iter()
        .any(|capability| manifest.requests.need(*capability).is_some())
    {
        Ok(())
    } else {
        Err(undeclared(&any_of))
    }
}
