//! The faults that can happen between a function and a service, and the calls that they affect.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Call;

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The call reaches the service after this delay.
    Delay(Duration),
    /// The connection is closed after half of the answer's body.
    Cut,
    /// Half of the answer's body is sent, and then nothing more.
    Stall,
    /// A byte in the middle of the answer's body is changed.
    Corrupt,
    /// The call does not reach the service; the answer has this status and error code.
    Refuse(u16, &'static str),
    /// The call does not reach the service, and there is no answer.
    Hang,
    /// The service handles the call, and the connection is closed before its answer.
    Lose,
    /// The call reports that it has arrived, and waits until the test lets it continue.
    Hold(Arc<Notify>, Arc<Notify>),
}

/// A fault, the calls that it affects, and how often.
#[derive(Debug, Clone)]
pub struct Aimed {
    pub(super) fault: Fault,
    action: &'static str,
    resource: String,
    left: usize,
}

impl Fault {
    /// The fault for calls to this action, such as `s3:GetObject`, on resources whose name contains this text.
    pub fn at(self, action: &'static str, resource: &str) -> Aimed {
        Aimed { action, resource: resource.to_owned(), ..self.into() }
    }
}

impl From<Fault> for Aimed {
    /// The fault for every call.
    fn from(fault: Fault) -> Self {
        Self { fault, action: "", resource: String::new(), left: usize::MAX }
    }
}

impl Aimed {
    /// The same, for this many calls.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { left: times, ..self }
    }

    /// Whether the fault affects this call. If so, one fewer call is left.
    pub(super) fn meets(&mut self, call: &Call) -> bool {
        let is_meant = call.action.starts_with(self.action) && call.resource.contains(&self.resource);
        let meets = is_meant && self.left > 0;
        if meets {
            self.left -= 1;
        }
        meets
    }
}
