//! Why a version was not brought in, or not put to work. Whatever it is, the version that was at work goes on.

use waspnest_core::id::{InstallationId, PluginId, SessionName};
use waspnest_core::made_installation::MAX_DEFINITION;
use waspnest_core::package::PackageDigest;
use waspnest_core::packages::PackagesError;
use waspnest_core::session::SessionError;
use waspnest_core::store::StoreError;
use waspnest_core::uploaded_plugin::MAX_VERSIONS;
use waspnest_engine::{LoadError, MigrationError};

use crate::config::made::UnusableDefinition;
use crate::install::InstallationError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// No installation of that id is at work.
    #[error("there is no installation {id} at work")]
    UnknownInstallation {
        /// What was asked for.
        id: InstallationId,
    },
    /// The installation has no such version.
    #[error("the version {digest} is not installed")]
    UnknownVersion {
        /// What was asked for.
        digest: PackageDigest,
    },
    /// There was no other version before the one at work.
    #[error("there is no version of {id} to go back to")]
    NothingBefore {
        /// The installation.
        id: InstallationId,
    },
    /// An operator has to look at it first.
    #[error("the version {digest} is not approved yet: {}", because.join("; "))]
    NotApproved {
        /// The version.
        digest: PackageDigest,
        /// What it asks for beyond the version at work.
        because: Vec<Box<str>>,
    },
    /// It is a version of something else.
    #[error("it is a version of the plugin {found}; the installation runs {wanted}")]
    OtherPlugin {
        /// What it is.
        found: PluginId,
        /// What was expected.
        wanted: PluginId,
    },
    /// The version would meet data of a later form than its own.
    #[error(
        "the data have the form {from} and the version has the form {to}, which came before: going back has to be forced"
    )]
    Backwards {
        /// The form the data have.
        from: u32,
        /// The form of the version.
        to: u32,
    },
    /// What is kept could not be brought into the form of the version.
    #[error("what session {session} keeps cannot be brought from form {from} into form {to}: {source}")]
    Migration {
        /// The session.
        session: SessionName,
        /// The form that it has.
        from: u32,
        /// The form of the version.
        to: u32,
        /// Why not.
        source: MigrationError,
    },
    /// It is at work everywhere already.
    #[error("the version {digest} is at work already")]
    AtWork {
        /// The version.
        digest: PackageDigest,
    },
    /// Two forms of data at a time.
    #[error("the data have the form {at_work} and the version has the form {tried}: both cannot be at work at a time")]
    OtherData {
        /// The form of the version at work.
        at_work: u32,
        /// That of the other one.
        tried: u32,
    },
    /// An installation that cannot be as it was said.
    #[error("the installation cannot be so: {0}")]
    Definition(#[from] UnusableDefinition),
    /// What was said of an installation is too much.
    #[error("the installation takes {bytes} bytes to write down; at most {MAX_DEFINITION} can be kept")]
    DefinitionTooLarge {
        /// How much it is.
        bytes: usize,
    },
    /// The name of an installation is taken.
    #[error("there is an installation {id} already")]
    Taken {
        /// The name.
        id: InstallationId,
    },
    /// The name of an installation is taken by one of the file's.
    #[error("the configuration file has an installation {id}; choose another id")]
    TakenByFile {
        /// The name.
        id: InstallationId,
    },
    /// The installation is not the API's.
    #[error("the installation {id} is the configuration file's: change it there")]
    OfFile {
        /// Which.
        id: InstallationId,
    },
    /// The file has what was made over the API before.
    #[error(
        "the configuration file has an installation {id}, and one of that id was made over the API: give the one in the file another id, or take it out and remove the other one first"
    )]
    Clash {
        /// The name.
        id: InstallationId,
    },
    /// The installation is being removed.
    #[error("the installation {id} is being removed")]
    Leaving {
        /// Which.
        id: InstallationId,
    },
    /// No plugin of that name was uploaded.
    #[error("no plugin {id} was uploaded")]
    UnknownPlugin {
        /// What was asked for.
        id: PluginId,
    },
    /// Installations are of the plugin.
    #[error("the plugin {id} is used by {}; remove that first", list(by))]
    PluginInUse {
        /// The plugin.
        id: PluginId,
        /// Who uses it.
        by: Vec<InstallationId>,
    },
    /// A plugin has as many versions as it can have.
    #[error("{MAX_VERSIONS} versions of {id} are there, and no more can be; remove some")]
    TooManyVersions {
        /// The plugin.
        id: PluginId,
    },
    /// What was sent, or named, holds no package.
    #[error("it holds no package: {problem}")]
    Arrival {
        /// What is wrong with it.
        problem: String,
    },
    /// A server did not give it.
    #[error("it cannot be fetched: {problem}")]
    Fetch {
        /// Where that failed, and how.
        problem: String,
    },
    /// Nobody whom the operator trusts has signed it.
    #[error("the version {digest} is refused: {problem}")]
    Signature {
        /// The version.
        digest: PackageDigest,
        /// What is wrong.
        problem: String,
    },
    /// The package cannot be used.
    #[error("the plugin cannot be loaded: {}", chain(.0))]
    Load(#[from] LoadError),
    /// The version does not fit what the operator granted and configured.
    #[error("the version does not fit the installation: {}", chain(.0))]
    Fit(#[from] InstallationError),
    /// Packages cannot be kept or read.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// The store failed.
    #[error("the store is not available")]
    Store(#[from] StoreError),
    /// The register of sessions cannot be read.
    #[error("the sessions cannot be listed")]
    Sessions(#[from] SessionError),
    /// A task of ours died.
    #[error("the host made a mistake")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An error with its causes: whoever asked has to know which file and which key it is.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

fn list(ids: &[InstallationId]) -> String {
    ids.iter().map(InstallationId::as_str).collect::<Vec<_>>().join(", ")
}
