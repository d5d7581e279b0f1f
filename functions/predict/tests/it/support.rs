//! A running function.

use std::path::Path;

use matinee_tests::{FakeRuntime, RunningFunction, read_event};
use serde_json::{Value, json};

/// A function and the Runtime API that feeds it.
pub struct Function {
    runtime: FakeRuntime,
    _process: RunningFunction,
}

/// An answer of the function.
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

    /// Sends an event that is not an HTTP request. The answer is plain JSON.
    pub async fn invoke_directly(&self, event: Value) -> Value {
        self.runtime.invoke(event).await.unwrap()
    }

    /// Sends an HTTP request, which the function must answer.
    pub async fn invoke(&self, event: Value) -> Answer {
        let raw = self.runtime.invoke(event).await.unwrap();
        // The page is not JSON.
        let body = serde_json::from_str(raw["body"].as_str().unwrap_or_default()).unwrap_or(Value::Null);
        Answer { status: raw["statusCode"].as_u64().unwrap(), body, raw }
    }

    /// Asks for a prediction.
    pub async fn predict(&self, user: &str, movie: &str) -> Answer {
        self.invoke(predict_event(user, movie)).await
    }
}

/// The event of a request for a prediction.
pub fn predict_event(user: &str, movie: &str) -> Value {
    let mut event = read_event("predict");
    event["body"] = json!({"userId": user, "movieId": movie}).to_string().into();
    event
}
