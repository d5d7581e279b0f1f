//! What a check finds.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use matinee_aws::chain;

use crate::aws::stack::DeployedStack;

/// What is well, or what is not.
pub type Finding = Result<String, Problem>;

/// What is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is wrong; the text ends with the remedy.
    Fault(String),
    /// It could not be asked, for this reason.
    NotChecked(String),
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(format!("{error:#}"))
    }
}

/// What to make of a service that did not answer the question: a fault if the error is one of `faults`, by its code,
/// which then is told by `fault`. Whatever else it is, a permission that the caller lacks for one, it tells nothing of
/// the stack.
pub fn unanswered<E>(
    action: &str,
    error: &SdkError<E, HttpResponse>,
    faults: &[&str],
    fault: impl FnOnce() -> String,
) -> Problem
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match error.code() {
        Some(code) if faults.contains(&code) => Problem::Fault(fault()),
        _ => Problem::NotChecked(format!("{action}: {}", chain(error))),
    }
}

/// Whether the last deploy was carried out.
pub fn deployed(name: &str, stack: &DeployedStack) -> Finding {
    let DeployedStack { status, reason, .. } = stack;
    let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let fault = |what: &str| Err(Problem::Fault(format!("{name} is {status}{reason}; {what}")));
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Ok(format!("{name} is {status}")),
        // What was there before the update works on; what was asked for last is not there.
        "UPDATE_ROLLBACK_COMPLETE" => {
            fault("the last deploy was taken back; `sam deploy` tells why, mend that and deploy again")
        }
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => {
            fault("remove it with `sam delete`, and deploy again")
        }
        "UPDATE_ROLLBACK_FAILED" => fault("continue with `aws cloudformation continue-update-rollback`"),
        _ if status.ends_with("_IN_PROGRESS") => fault("wait for its end, and ask again"),
        _ => fault("see its events: `aws cloudformation describe-stack-events`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_deploy_that_was_carried_out_is_well() {
        for (status, remedy) in [
            ("CREATE_COMPLETE", None),
            ("UPDATE_COMPLETE", None),
            ("UPDATE_ROLLBACK_COMPLETE", Some("deploy again")),
            ("ROLLBACK_COMPLETE", Some("sam delete")),
            ("UPDATE_IN_PROGRESS", Some("wait")),
            ("UPDATE_ROLLBACK_FAILED", Some("continue-update-rollback")),
            ("REVIEW_IN_PROGRESS", Some("wait")),
            ("SOMETHING_NEW", Some("describe-stack-events")),
        ] {
            let stack = DeployedStack {
                status: status.to_owned(),
                reason: Some("Resource creation cancelled".to_owned()),
                ..DeployedStack::default()
            };
            match (deployed("matinee", &stack), remedy) {
                (Ok(_), None) => {}
                (Err(Problem::Fault(fault)), Some(remedy)) => {
                    assert!(fault.contains(remedy) && fault.contains("cancelled"), "{fault}");
                }
                (finding, _) => panic!("{status}: {finding:?}"),
            }
        }
    }
}
