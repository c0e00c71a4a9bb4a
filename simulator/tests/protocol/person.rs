//! People and accounts by their names, and what a person hears.

use waspnest_simulator::human::{Heard, Human};
use waspnest_simulator::{Account, NewAccount, Simulator};

use crate::client::PATIENCE;

fn named(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.to_owned(),
        phone: None,
    }
}

/// An account that nobody uses yet.
pub(crate) fn account(simulator: &Simulator, name: &str) -> Account {
    simulator.create_account(named(name)).unwrap()
}

/// Somebody with an account of their own, connected.
pub(crate) async fn join(simulator: &Simulator, name: &str) -> Human {
    Human::join(simulator, named(name)).await.unwrap()
}

/// Waits until somebody has read a message.
pub(crate) async fn hears(human: &Human, id: &str) -> Heard {
    human.wait_for(|heard| heard.id == id, PATIENCE).await.unwrap()
}
