//! What a process that serves predictions needs below HTTP.
//!
//! [`Reloadable`] loads a model from its [`Source`], holds it, and replaces it while requests are answered.
//! [`find_users`] looks up the users of a request. [`Endpoint`] is what can be asked for ratings instead of a model in memory. [`ObservedRequest`] is what logs and
//! metrics learn about a request. Invariant: this crate knows no HTTP and no AWS, so a source in S3 can report a failed
//! load without knowing how it is answered.

mod endpoint;
mod load_error;
mod observed_request;
mod panics;
mod path_source;
mod reloadable;
mod source;
mod users;

pub use endpoint::{DESCRIBE_MODEL, Endpoint, EndpointError, EndpointFault, InvokeFuture};
pub use load_error::{LoadError, LoadReason};
pub use observed_request::{AnswerSummary, ObservedRequest};
pub use panics::log_panics;
pub use path_source::PathSource;
pub use reloadable::{RETRY_AFTER, Reloadable};
pub use source::{LoadFuture, Source};
pub use users::{FoundUser, find_user, find_users};
