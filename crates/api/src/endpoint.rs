//! The endpoint mode: ratings come from a `SageMaker` endpoint, titles from `movies.csv` in memory.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use matinee_model::{Catalogue, Model, Movie, UnknownMovie};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::inference::DESCRIBE;
use crate::live_model::Live;
use crate::request::PredictRequest;
use crate::response::{AnswerSource, ModelAnswer, PredictAnswer};
use crate::scorer::{Answering, Scorer, Titles};

/// A request is answered within this time, the load of the titles included: API Gateway waits for 29 s.
const BUDGET: Duration = Duration::from_secs(27);

/// An endpoint that runs the container.
pub trait Endpoint: Send + Sync + 'static {
    /// Sends a JSON body, with custom attributes where there are any, and returns the body of the answer.
    fn invoke<'a>(&'a self, body: Vec<u8>, attributes: Option<&'a str>) -> Invoking<'a>;
}

/// An invocation under way.
pub type Invoking<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, EndpointError>> + Send + 'a>>;

/// Why an endpoint did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointError {
    /// The kind of failure, which is told to callers.
    pub fault: EndpointFault,
    /// What happened, for the log alone.
    pub detail: String,
}

/// The kinds of failure of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointFault {
    /// There are more requests than the endpoint takes.
    Throttled,
    /// The service says that it cannot answer now.
    Unavailable,
    /// The service cannot be reached.
    Unreachable,
    /// No answer came in time.
    Timeout,
    /// The container answered with an error.
    ModelError,
    /// The service failed.
    InternalFailure,
    /// The service refused the request: there is no such endpoint, or none that is in service.
    Refused,
    /// The function may not invoke the endpoint.
    AccessDenied,
    /// The answer is not one of this container.
    BadAnswer,
}

impl EndpointFault {
    /// The stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::ModelError => "model_error",
            Self::InternalFailure => "internal_failure",
            Self::Refused => "refused",
            Self::AccessDenied => "access_denied",
            Self::BadAnswer => "bad_answer",
        }
    }
}

/// Answers with an endpoint's ratings and the titles of a catalogue.
pub struct EndpointScorer {
    titles: Live<Catalogue>,
    endpoint: Box<dyn Endpoint>,
}

impl EndpointScorer {
    /// Asks `endpoint` for ratings; a movie that `titles` does not have is unknown.
    pub fn new(titles: Live<Catalogue>, endpoint: impl Endpoint) -> Self {
        Self { titles, endpoint: Box::new(endpoint) }
    }

    async fn rate(&self, request: &PredictRequest) -> Result<PredictAnswer, ApiError> {
        let titles = self.titles.current().await?;
        let movie = titles.find(&request.movie).ok_or_else(|| UnknownMovie(request.movie.clone()))?;
        let body = json!({"userId": request.user.as_str(), "movieId": request.movie.as_str()});
        let answer: PredictAnswer = self.ask(body.to_string().into_bytes(), None).await?;
        Ok(PredictAnswer {
            movie_title: movie.title.to_owned(),
            source: Some(AnswerSource::Endpoint),
            ..answer
        })
    }

    /// All movies that there are in one invocation; the others need none.
    async fn rate_all(
        &self,
        requests: &[PredictRequest],
    ) -> Result<Vec<Result<PredictAnswer, ApiError>>, ApiError> {
        let titles = self.titles.current().await?;
        let movies: Vec<_> = requests.iter().map(|request| titles.find(&request.movie)).collect();
        let known = requests.iter().zip(&movies).filter(|(_, movie)| movie.is_some());
        let pairs: Vec<Value> = known
            .map(|(request, _)| json!({"userId": request.user.as_str(), "movieId": request.movie.as_str()}))
            .collect();
        let mut answers = match pairs.len() {
            0 => Vec::new(),
            _ => {
                self.ask::<Vec<PredictAnswer>>(Value::from(pairs.clone()).to_string().into_bytes(), None)
                    .await?
            }
        };
        if answers.len() != pairs.len() {
            let detail = format!("{} answers to {} pairs", answers.len(), pairs.len());
            return Err(EndpointError { fault: EndpointFault::BadAnswer, detail }.into());
        }
        let mut answers = answers.drain(..);
        let answer = |(request, movie): (&PredictRequest, &Option<Movie<'_>>)| {
            let movie = movie.ok_or_else(|| UnknownMovie(request.movie.clone()))?;
            let answer = answers.next().ok_or(ApiError::Internal)?;
            let movie_title = movie.title.to_owned();
            Ok(PredictAnswer { movie_title, source: Some(AnswerSource::Endpoint), ..answer })
        };
        Ok(requests.iter().zip(&movies).map(answer).collect())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        body: Vec<u8>,
        attributes: Option<&str>,
    ) -> Result<T, EndpointError> {
        let answer = self.endpoint.invoke(body, attributes).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| EndpointError { fault: EndpointFault::BadAnswer, detail: error.to_string() })
    }
}

impl Scorer for EndpointScorer {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> Answering<'a, PredictAnswer> {
        Box::pin(in_time(self.rate(request)))
    }

    fn predict_all<'a>(
        &'a self,
        requests: &'a [PredictRequest],
    ) -> Answering<'a, Vec<Result<PredictAnswer, ApiError>>> {
        Box::pin(in_time(self.rate_all(requests)))
    }

    fn titles(&self) -> Answering<'_, Titles> {
        Box::pin(async { Ok(Titles::Catalogue(self.titles.current().await?)) })
    }

    fn model(&self) -> Answering<'_, Arc<Model>> {
        Box::pin(async { Err(ApiError::NotSupported) })
    }

    fn describe(&self) -> Answering<'_, ModelAnswer> {
        Box::pin(in_time(async {
            self.titles.current().await?;
            let answer: ModelAnswer = self.ask(b"{}".to_vec(), Some(DESCRIBE)).await?;
            Ok(ModelAnswer { source: Some(AnswerSource::Endpoint), ..answer })
        }))
    }
}

async fn in_time<T>(answering: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    tokio::time::timeout(BUDGET, answering).await.unwrap_or_else(|_| {
        let detail = format!("there was no answer within {} s", BUDGET.as_secs());
        Err(EndpointError { fault: EndpointFault::Timeout, detail }.into())
    })
}
