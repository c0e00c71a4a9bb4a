//! The simulator, the host, and a session that is paired and connected: what every demonstration begins with.

use std::time::Duration;

use anyhow::{Context, Result};

use super::api::{Host, Simulator};
use super::conversation::Person;
use super::process::{Children, Scene};
use super::say;
use crate::step;
use crate::workspace::Workspace;

/// How long the host may take to come up, and a session to connect.
const PATIENCE: Duration = Duration::from_secs(60);
/// The session that the configurations declare.
const SESSION: &str = "main";

/// Everything at work.
pub(crate) struct Stage {
    pub(super) simulator: Simulator,
    /// The phone number of the session's account.
    pub(super) account: String,
    children: Children,
}

impl Stage {
    /// Builds the host and the simulator.
    pub(crate) fn build(workspace: &Workspace) -> Result<()> {
        // With the features of `cargo xtask test`, so that nothing is compiled twice.
        let args = [
            "build",
            "--locked",
            "--workspace",
            "--features",
            "waspnest/simulator",
            "--bin",
            "waspnest",
            "--bin",
            "waspnest-simulator",
        ];
        step::command("host and simulator", &mut workspace.cargo(args))
    }

    /// Starts both, and pairs the session by its QR code.
    pub(crate) fn set(workspace: &Workspace, scene: &Scene) -> Result<Self> {
        let mut children = Children::start(workspace, scene)?;
        let simulator = Simulator::at(&children.admin);
        let host = Host::at(&children.listen, &children.secret);
        host.wait_ready(PATIENCE, || children.host_runs())
            .context("the host did not come up; its log is above")?;
        say("host and simulator are up");
        let account = simulator.create_account("Waspnest")?;
        let code = host.qr(SESSION, PATIENCE)?;
        simulator.scan(&account, &code)?;
        host.wait_connected(SESSION, PATIENCE)?;
        say("session paired by its QR code and connected");
        Ok(Self {
            simulator,
            account,
            children,
        })
    }

    /// Somebody new who chats with the account.
    pub(crate) fn person(&self, name: &str) -> Result<Person> {
        let phone = self.simulator.create_person(name)?;
        Ok(self.known(&phone))
    }

    /// Somebody of that number.
    pub(super) fn known(&self, phone: &str) -> Person {
        Person::new(&self.simulator, phone.to_owned(), &self.account)
    }

    /// Where the host's API is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.children.listen)
    }

    /// The host's admin secret.
    pub(crate) fn secret(&self) -> &str {
        &self.children.secret
    }

    /// Where the simulator is steered.
    pub(super) fn admin(&self) -> String {
        format!("http://{}", self.children.admin)
    }

    /// Ends everything in order.
    pub(crate) fn stop(self) -> Result<()> {
        self.children.stop()
    }
}
