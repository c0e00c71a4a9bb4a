//! Tools that are fetched for a project: packages of npm and PyPI, by the ordinary clients, in versions that are known to work.
//!
//! They are kept below `.waspnest/tools`, one directory for each set of versions, which appears whole or not at all; nothing is
//! changed outside. No script of a package is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Stdout, run};
use crate::project::Project;

/// The interpreter of Python, which also fetches.
pub(super) const PYTHON: &str = "python3";

/// Packages that belong together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packages {
    /// What their directory is called, with their versions.
    pub(super) place: &'static str,
    /// As the client takes them.
    pub(super) names: &'static [&'static str],
}

impl Packages {
    /// The directory with packages of npm, whose programs are in `node_modules/.bin`.
    pub(super) fn of_npm(self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, BuildError> {
        self.fetch(project, progress, "npm", |place| {
            let mut npm = Command::new("npm");
            npm.args([
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
            ]);
            npm.args(["--loglevel", "error", "--prefix"]).arg(place);
            npm
        })
    }

    /// The directory with packages of PyPI, which belongs on `PYTHONPATH`.
    pub(super) fn of_pypi(self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, BuildError> {
        self.fetch(project, progress, "PyPI", |place| {
            let mut pip = Command::new(PYTHON);
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
            ]);
            // Nothing of the system's is touched, whoever runs it.
            pip.args(["--root-user-action", "ignore", "--target"]).arg(place);
            pip
        })
    }

    fn fetch(
        self,
        project: &Project,
        progress: &mut dyn FnMut(&str),
        from: &str,
        client: impl FnOnce(&Path) -> Command,
    ) -> Result<PathBuf, BuildError> {
        let place = project.tools().join(self.place);
        if place.is_dir() {
            return Ok(place);
        }
        progress(&format!("fetching {} from {from}, once", self.names.join(", ")));
        let beside = place.with_extension("new");
        let failed = |source| BuildError::File {
            path: beside.clone(),
            source,
        };
        if beside.exists() {
            // Of an attempt that was ended.
            fs::remove_dir_all(&beside).map_err(failed)?;
        }
        fs::create_dir_all(&beside).map_err(failed)?;
        run(client(&beside).args(self.names), Stdout::Told, progress)?;
        fs::rename(&beside, &place).map_err(failed)?;
        Ok(place)
    }
}
