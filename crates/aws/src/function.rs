//! A Lambda function that answers events in JSON.

use std::fmt::Display;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

/// Answers the events of Lambda's Runtime API one after the other. An error is reported to the runtime with its causes,
/// under the type that `error_type` gives it.
pub async fn run_function<H, A, E>(handle: H, error_type: fn(&E) -> &'static str) -> Result<(), Error>
where
    H: AsyncFn(LambdaEvent<Value>) -> Result<A, E>,
    A: Serialize,
    E: Display,
{
    let handle = &handle;
    let service = service_fn(move |event: LambdaEvent<Value>| async move {
        // Boxed, because the types of the SDK's futures are deep.
        Box::pin(handle(event)).await.map_err(|error| diagnostic(&error, error_type))
    });
    lambda_runtime::run(service).await
}

/// The error as the runtime logs and reports it. The alternate form of an `anyhow::Error` has all causes.
fn diagnostic<E: Display>(error: &E, error_type: fn(&E) -> &'static str) -> Diagnostic {
    Diagnostic { error_type: error_type(error).to_owned(), error_message: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::{Formatter, Result};

    struct Failure;

    impl Display for Failure {
        fn fmt(&self, f: &mut Formatter<'_>) -> Result {
            f.write_str(if f.alternate() { "cannot start a job: no role" } else { "cannot start a job" })
        }
    }

    #[test]
    fn an_error_is_reported_with_its_type_and_causes() {
        let Diagnostic { error_type, error_message } = diagnostic(&Failure, |_| "StartTrainingError");
        assert_eq!((&*error_type, &*error_message), ("StartTrainingError", "cannot start a job: no role"));
    }
}
