//! What can go wrong between a function and a service, and with which calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Call;

/// What goes wrong with a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The service is asked so much later.
    Delay(Duration),
    /// The connection ends after half of the answer's body.
    Cut,
    /// Half of the answer's body comes, and then nothing more.
    Stall,
    /// A byte in the middle of the answer's body is another one.
    Corrupt,
    /// The service is not asked; this status and error code are answered.
    Refuse(u16, &'static str),
    /// The service is not asked, and nothing is answered.
    Hang,
    /// The service does what it is asked, and the connection ends before its answer.
    Lose,
    /// The call tells that it has come, and waits until it is told to go on.
    Hold(Arc<Notify>, Arc<Notify>),
}

/// A fault, the calls that it meets, and how often.
#[derive(Debug, Clone)]
pub struct Aimed {
    pub(super) fault: Fault,
    action: &'static str,
    resource: String,
    left: usize,
}

impl Fault {
    /// The fault with calls of this action, such as `s3:GetObject`, of a resource whose name has this part.
    pub fn at(self, action: &'static str, resource: &str) -> Aimed {
        Aimed { action, resource: resource.to_owned(), ..self.into() }
    }
}

impl From<Fault> for Aimed {
    /// The fault with every call.
    fn from(fault: Fault) -> Self {
        Self { fault, action: "", resource: String::new(), left: usize::MAX }
    }
}

impl Aimed {
    /// The same, for so many calls.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { left: times, ..self }
    }

    /// Whether it meets this call; then it is one less to come.
    pub(super) fn meets(&mut self, call: &Call) -> bool {
        let is_meant = call.action.starts_with(self.action) && call.resource.contains(&self.resource);
        let meets = is_meant && self.left > 0;
        if meets {
            self.left -= 1;
        }
        meets
    }
}
