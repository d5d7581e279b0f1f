//! `matinee aws doctor`: whether what was deployed is what was asked for, and everything that the loop needs. Each check
//! is a line; a fault has its remedy.
//!
//! Invariant: what could not be asked is said to be unchecked; it is neither well nor a fault.

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

/// What the checks look at.
struct Examined<'a> {
    account: &'a Account,
    stack: Result<DeployedStack, StackError>,
}

/// Makes every check.
pub async fn run(account: &Account) -> Result<ExitCode> {
    let stack = DeployedStack::describe(&account.config, &account.stack.name).await;
    let examined = &Examined { account, stack };
    let mut tally = Tally::default();
    tally.tell("stack", examined.deployed());
    tally.tell("bucket", bucket::readable(account).await);
    tally.tell("events", bucket::events(examined).await);
    tally.tell("data", bucket::data(account).await);
    let (image, processor) = image::check(examined).await;
    tally.tell("image", image);
    tally.tell("processor", processor);
    tally.tell("role", role::check(examined).await);
    tally.tell("quota", quota::check(examined).await);
    for function in &functions::ALL {
        tally.tell(function.name, functions::check(examined, function).await);
    }
    tally.tell("model", model::check(account).await);
    tally.tell("API", api::check(examined).await);
    Ok(tally.end())
}

impl Examined<'_> {
    /// Whether the last deploy was carried out.
    fn deployed(&self) -> Finding {
        let stack = self.stack.as_ref().map_err(|error| match error {
            StackError::Missing(_) => Problem::Fault(error.to_string()),
            StackError::Unknown { .. } => Problem::NotChecked(error.to_string()),
        })?;
        finding::deployed(&self.account.stack.name, stack)
    }

    /// The stack; a check that needs to know what was asked for cannot be made without it.
    fn asked(&self) -> Result<&DeployedStack, Problem> {
        self.stack
            .as_ref()
            .map_err(|_| Problem::NotChecked("what was asked for is unknown without the stack".to_owned()))
    }

    /// A parameter's value, where the stack is known and has it.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.stack.as_ref().ok()?.parameters.get(name).map(String::as_str)
    }

    /// The instance that jobs run on.
    fn training_instance(&self) -> String {
        let asked = self.parameter("TrainingInstanceType").map(str::to_owned);
        let named = || self.account.variables().get("TRAINING_INSTANCE_TYPE");
        asked.or_else(named).unwrap_or_else(|| DEFAULT_INSTANCE_TYPE.to_owned())
    }

    /// Whether jobs run on spot capacity.
    fn trains_on_spot(&self) -> bool {
        let asked = self.parameter("TrainingSpot").map(str::to_owned);
        asked.or_else(|| self.account.variables().get("TRAINING_SPOT")).as_deref() != Some("false")
    }
}

#[derive(Default)]
struct Tally {
    checks: usize,
    faults: usize,
    unchecked: usize,
}

impl Tally {
    fn tell(&mut self, name: &str, finding: Finding) {
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

    fn end(&self) -> ExitCode {
        let Self { checks, faults, unchecked } = self;
        if *faults > 0 || *unchecked > 0 {
            eprintln!("{faults} of {checks} checks found a fault, {unchecked} could not be made");
        }
        if *faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
