//! How many files and sockets the process may have open.
//!
//! Systems let a process have about a thousand unless it asks for more, and let it have many more when it does. Every session is a socket, and so
//! is whoever listens.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks for as many as the system lets this process have. One that gets no more goes on with what it has.
pub(crate) fn ask_for_all() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::warn!(%error, files = limit.current, "the process may not have more files open");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_may_be_are_had() {
        ask_for_all();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
