//! The function, running.

use std::path::Path;

use matinee_tests::{FakeRuntime, RunningFunction};
use serde_json::Value;

/// A function and the Runtime API that feeds it.
pub struct Function {
    runtime: FakeRuntime,
    _process: RunningFunction,
}

/// What the function answered.
pub struct Answer {
    pub status: u64,
    pub body: Value,
    pub raw: Value,
}

impl Function {
    /// Starts the function with these variables.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        let runtime = FakeRuntime::start().await;
        let process = runtime.run(Path::new(env!("CARGO_BIN_EXE_predict")), environment);
        Self { runtime, _process: process }
    }

    /// Hands an event to the function that is not of a front; the answer is not in the form of one.
    pub async fn invoke_directly(&self, event: Value) -> Value {
        self.runtime.invoke(event).await.unwrap()
    }

    /// Hands an event to the function, which must answer it.
    pub async fn invoke(&self, event: Value) -> Answer {
        let raw = self.runtime.invoke(event).await.unwrap();
        // The page is text.
        let body = serde_json::from_str(raw["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        Answer { status: raw["statusCode"].as_u64().unwrap(), body, raw }
    }
}
