//! Making the network and the server misbehave.

use crate::error::FaultError;
use crate::faults::{FaultRule, FaultStatus, Target};
use crate::simulator::Simulator;

impl Simulator {
    /// Puts a fault in force, behind those there are. Answers its number.
    pub fn add_fault(&self, rule: FaultRule) -> Result<u64, FaultError> {
        let accounts = rule
            .on
            .accounts
            .iter()
            .map(|phone| self.find(phone))
            .collect::<Result<Vec<_>, _>>()
            .map_err(FaultError::Account)?;
        let target = Target::new(rule.on.clone(), accounts);
        self.inner.shared.world().faults.add(rule, target)
    }

    /// The faults in force with what they have done, oldest first.
    pub fn faults(&self) -> Vec<FaultStatus> {
        self.inner.shared.world().faults.list()
    }

    /// Takes a fault out of force. What it has delayed or held back stays under way.
    pub fn remove_fault(&self, id: u64) -> Result<(), FaultError> {
        self.inner.shared.world().faults.remove(id)
    }

    /// Takes all faults out of force. Answers how many there were.
    pub fn clear_faults(&self) -> usize {
        self.inner.shared.world().faults.clear()
    }

    /// Lets the connections of an account's companions fall silent: the sockets stay, and nothing is read or written any more until the
    /// devices log in anew. Answers how many there were.
    pub fn half_open_connections(&self, phone: &str) -> usize {
        let world = self.inner.shared.world();
        let Some(account) = world.by_phone(phone) else {
            return 0;
        };
        let connected = world.connected(account);
        for (_, outgoing) in &connected {
            outgoing.half_open();
        }
        connected.len()
    }
}
