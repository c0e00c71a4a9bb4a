//! Whom or what a call is about: the named places of its path, resolved before the handler runs.

use std::sync::Arc;

use super::problem::Problem;
use super::request::Request;
use super::state::State;
use crate::human::{CallSeen, Heard, Human};
use crate::{Account, Simulator};

/// One named place of a path, for the table's document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) example: &'static str,
}

/// The phone number in a path.
pub(crate) const PHONE: Param = Param {
    name: "phone",
    description: "Phone number of an account, in digits with the country code.",
    example: "4915112345678",
};

/// What a handler gets besides its input.
pub(crate) trait Subject: Sized + Send + 'static {
    /// The places of the path it is read from.
    fn params() -> Vec<Param>;

    /// Finds it; the error lists what there is.
    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem>;
}

/// The simulator as a whole.
impl Subject for Arc<State> {
    fn params() -> Vec<Param> {
        Vec::new()
    }

    fn find(state: &Arc<State>, _request: &Request) -> Result<Self, Problem> {
        Ok(state.clone())
    }
}

/// A person made through this interface.
impl Subject for Human {
    fn params() -> Vec<Param> {
        vec![PHONE]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        state.person(request.params.get(PHONE.name))
    }
}

impl Subject for Account {
    fn params() -> Vec<Param> {
        vec![PHONE]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let phone = request.params.get(PHONE.name);
        let accounts = state.simulator.accounts();
        let found = accounts.iter().find(|account| account.phone == phone);
        found.cloned().ok_or_else(|| {
            let known = accounts.iter().map(|account| &account.phone);
            Problem::unknown("account", phone, known)
        })
    }
}

/// An account that exists, for what the simulator does to it by its number.
#[derive(Debug)]
pub(crate) struct OfAccount {
    pub(crate) simulator: Simulator,
    pub(crate) phone: String,
}

impl Subject for OfAccount {
    fn params() -> Vec<Param> {
        vec![PHONE]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let account = Account::find(state, request)?;
        Ok(Self {
            simulator: state.simulator.clone(),
            phone: account.phone,
        })
    }
}

/// The group in a path.
const GROUP: Param = Param {
    name: "group",
    description: "JID of a group.",
    example: "120363012345678901@g.us",
};

/// The message in a path.
const MESSAGE: Param = Param {
    name: "id",
    description: "Id of a message the person received.",
    example: "3EB0C431C26A1916E07E",
};

/// A message, and the person who received it.
#[derive(Debug)]
pub(crate) struct OfMessage {
    pub(crate) person: Human,
    pub(crate) heard: Heard,
}

impl Subject for OfMessage {
    fn params() -> Vec<Param> {
        vec![PHONE, MESSAGE]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let (person, id) = (Human::find(state, request)?, request.params.get(MESSAGE.name));
        match person.heard(id) {
            Some(heard) => Ok(Self { person, heard }),
            None => {
                let latest = person.phone_view().into_iter().rev().map(|heard| heard.id);
                Err(Problem::unknown("received message", id, latest))
            }
        }
    }
}

/// The status post in a path.
const STATUS: Param = Param {
    name: "status",
    description: "Id of a status post of the person's own.",
    example: "3EB0C431C26A1916E07E",
};

/// A status post, and the person who made it. Whether it exists is known to those who saw it.
#[derive(Debug)]
pub(crate) struct OfStatus {
    pub(crate) person: Human,
    pub(crate) id: String,
}

impl Subject for OfStatus {
    fn params() -> Vec<Param> {
        vec![PHONE, STATUS]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let person = Human::find(state, request)?;
        let id = request.params.get(STATUS.name).to_owned();
        Ok(Self { person, id })
    }
}

/// The call in a path.
const CALL: Param = Param {
    name: "call",
    description: "Id of a call.",
    example: "3EB0C431C26A1916E07E",
};

/// A call, and the person who makes it or is called.
#[derive(Debug)]
pub(crate) struct OfHeardCall {
    pub(crate) person: Human,
    pub(crate) call: CallSeen,
}

impl Subject for OfHeardCall {
    fn params() -> Vec<Param> {
        vec![PHONE, CALL]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let (person, id) = (Human::find(state, request)?, request.params.get(CALL.name));
        let calls = person.calls_seen();
        // What was told first says who calls whom.
        match calls.iter().find(|call| call.id == id).cloned() {
            Some(call) => Ok(Self { person, call }),
            None => Err(Problem::unknown(
                "call",
                id,
                calls.into_iter().rev().map(|call| call.id),
            )),
        }
    }
}

/// A call as the server has it. Whether it exists is the simulator's answer.
#[derive(Debug)]
pub(crate) struct OfCall {
    pub(crate) simulator: Simulator,
    pub(crate) id: String,
}

impl Subject for OfCall {
    fn params() -> Vec<Param> {
        vec![CALL]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        Ok(Self {
            simulator: state.simulator.clone(),
            id: request.params.get(CALL.name).to_owned(),
        })
    }
}

/// A group, and the person who deals with it. The person's client asks the server, so whether it exists is the server's answer.
#[derive(Debug)]
pub(crate) struct OfGroup {
    pub(crate) person: Human,
    pub(crate) group: String,
}

impl Subject for OfGroup {
    fn params() -> Vec<Param> {
        vec![PHONE, GROUP]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let group = request.params.get(GROUP.name).to_owned();
        if !group.ends_with("@g.us") {
            return Err(Problem::not_a_group(&group));
        }
        let person = Human::find(state, request)?;
        Ok(Self { person, group })
    }
}

/// A newsletter, by the JID in the path. Whether it exists is the simulator's answer.
#[derive(Debug)]
pub(crate) struct OfNewsletter {
    pub(crate) simulator: Simulator,
    pub(crate) jid: String,
}

/// The newsletter in a path.
const NEWSLETTER: Param = Param {
    name: "newsletter",
    description: "JID of a newsletter.",
    example: "120363012345678901@newsletter",
};

impl Subject for OfNewsletter {
    fn params() -> Vec<Param> {
        vec![NEWSLETTER]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        Ok(Self {
            simulator: state.simulator.clone(),
            jid: request.params.get(NEWSLETTER.name).to_owned(),
        })
    }
}

/// A group as the server has it, by the JID in the path. Whether it exists is the simulator's answer.
#[derive(Debug)]
pub(crate) struct GroupOfServer {
    pub(crate) simulator: Simulator,
    pub(crate) jid: String,
}

impl Subject for GroupOfServer {
    fn params() -> Vec<Param> {
        vec![GROUP]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        Ok(Self {
            simulator: state.simulator.clone(),
            jid: request.params.get(GROUP.name).to_owned(),
        })
    }
}

/// A fault, by the number in the path. Whether it is in force is the simulator's answer.
#[derive(Debug)]
pub(crate) struct OfFault {
    pub(crate) simulator: Simulator,
    pub(crate) id: u64,
}

/// The fault in a path.
const FAULT: Param = Param {
    name: "fault",
    description: "Number of a fault.",
    example: "1",
};

impl Subject for OfFault {
    fn params() -> Vec<Param> {
        vec![FAULT]
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let given = request.params.get(FAULT.name);
        let known = || state.simulator.faults().into_iter().map(|fault| fault.id.to_string());
        let id = given.parse().map_err(|_| Problem::unknown("fault", given, known()))?;
        Ok(Self {
            simulator: state.simulator.clone(),
            id,
        })
    }
}

/// Two at once.
impl<A: Subject, B: Subject> Subject for (A, B) {
    fn params() -> Vec<Param> {
        let mut params = A::params();
        params.extend(B::params());
        params
    }

    fn find(state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        Ok((A::find(state, request)?, B::find(state, request)?))
    }
}
