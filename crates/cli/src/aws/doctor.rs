//! `matinee aws doctor`: checks that the stack is deployed as its parameters say, and that everything the loop needs is
//! there. Each check prints a line, and each fault has a remedy.
//!
//! Invariant: a check that could not be made is reported as such. It is neither passed nor a fault.

mod api;
mod bucket;
mod finding;
mod functions;
mod image;
mod model;
mod quota;
mod role;

use std::process::ExitCode;

use anyhow::Result;

use matinee_jobs::DEFAULT_INSTANCE_TYPE;

use super::account::Account;
use super::stack::{DeployedStack, StackError};
use finding::{Finding, Problem};

/// What the checks examine.
struct Deployment<'a> {
    account: &'a Account,
    stack: Result<DeployedStack, StackError>,
}

/// Makes every check.
pub async fn run(account: &Account) -> Result<ExitCode> {
    let stack = DeployedStack::describe(&account.config, &account.stack.name).await;
    let deployment = &Deployment { account, stack };
    let mut tally = Tally::default();
    tally.report("stack", deployment.status());
    tally.report("bucket", bucket::readable(account).await);
    tally.report("events", bucket::events(deployment).await);
    tally.report("data", bucket::data(account).await);
    let (image, processor) = image::check(deployment).await;
    tally.report("image", image);
    tally.report("processor", processor);
    tally.report("role", role::check(deployment).await);
    tally.report("quota", quota::check(deployment).await);
    for function in &functions::ALL {
        tally.report(function.name, functions::check(deployment, function).await);
    }
    tally.report("model", model::check(account).await);
    tally.report("API", api::check(deployment).await);
    Ok(tally.end())
}

impl Deployment<'_> {
    /// Whether the last deployment succeeded.
    fn status(&self) -> Finding {
        let stack = self.stack.as_ref().map_err(|error| match error {
            StackError::Missing(_) => Problem::Fault(error.to_string()),
            StackError::Unknown { .. } => Problem::NotChecked(error.to_string()),
        })?;
        finding::deployment_status(&self.account.stack.name, stack)
    }

    /// The deployed stack. A check that compares something with its parameters cannot be made without it.
    fn deployed_stack(&self) -> Result<&DeployedStack, Problem> {
        self.stack.as_ref().map_err(|_| Problem::NotChecked("the stack's parameters are unknown".to_owned()))
    }

    /// The value of a parameter, if the stack could be described and has it.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.stack.as_ref().ok()?.parameters.get(name).map(String::as_str)
    }

    /// The instance type that jobs run on.
    fn training_instance(&self) -> String {
        let parameter = self.parameter("TrainingInstanceType").map(str::to_owned);
        let variable = || self.account.variables().get("TRAINING_INSTANCE_TYPE");
        parameter.or_else(variable).unwrap_or_else(|| DEFAULT_INSTANCE_TYPE.to_owned())
    }

    /// Whether jobs run on spot capacity.
    fn trains_on_spot(&self) -> bool {
        let parameter = self.parameter("TrainingSpot").map(str::to_owned);
        parameter.or_else(|| self.account.variables().get("TRAINING_SPOT")).as_deref() != Some("false")
    }
}

/// How many checks were made, with which results.
#[derive(Default)]
struct Tally {
    checks: usize,
    faults: usize,
    unchecked: usize,
}

impl Tally {
    /// Prints a finding and counts it.
    fn report(&mut self, name: &str, finding: Finding) {
        self.checks += 1;
        match finding {
            Ok(detail) => say!("ok          {name:<14} {detail}"),
            Err(Problem::Fault(detail)) => {
                self.faults += 1;
                say!("FAULT       {name:<14} {detail}");
            }
            Err(Problem::NotChecked(why)) => {
                self.unchecked += 1;
                say!("not checked {name:<14} {why}");
            }
        }
    }

    /// Prints a summary; the exit code fails if there was a fault.
    fn end(&self) -> ExitCode {
        let Self { checks, faults, unchecked } = self;
        if *faults > 0 || *unchecked > 0 {
            eprintln!("{faults} of {checks} checks found a fault, and {unchecked} could not be made");
        }
        if *faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
