//! The endpoint mode: ratings come from a `SageMaker` endpoint, titles from `movies.csv` in memory.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use matinee_model::{Catalogue, Model, Movie, RatingScale, UnknownMovie};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::inference::DESCRIBE;
use crate::live_model::Live;
use crate::request::{PredictRequest, Rater, VisitorRatings};
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
        let scale = self.scale_for([request]).await?;
        let movie = asked(request, &titles, scale)?;
        let body = request.to_json().to_string().into_bytes();
        let answer = answered(request, self.ask(body, None).await?)?;
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
        let scale = self.scale_for(requests).await?;
        let movies: Vec<_> = requests.iter().map(|request| asked(request, &titles, scale)).collect();
        let known = requests.iter().zip(&movies).filter(|(_, movie)| movie.is_ok());
        let known: Vec<&PredictRequest> = known.map(|(request, _)| request).collect();
        let mut answers = match known.len() {
            0 => Vec::new(),
            _ => self.ask_all(&known).await?,
        };
        if answers.len() != known.len() {
            let detail = format!("{} answers to {} pairs", answers.len(), known.len());
            return Err(EndpointError { fault: EndpointFault::BadAnswer, detail }.into());
        }
        let mut answers = answers.drain(..);
        let answer = |(request, movie): (&PredictRequest, Result<Movie<'_>, ApiError>)| {
            let movie_title = movie?.title.to_owned();
            let answer = answered(request, answers.next().ok_or(ApiError::Internal)?)?;
            Ok(PredictAnswer { movie_title, source: Some(AnswerSource::Endpoint), ..answer })
        };
        Ok(requests.iter().zip(movies).map(answer).collect())
    }

    /// Ratings that several pairs share are sent once.
    async fn ask_all(&self, requests: &[&PredictRequest]) -> Result<Vec<PredictAnswer>, EndpointError> {
        let Some(shared) = shared_ratings(requests) else {
            let pairs: Value = requests.iter().map(|request| request.to_json()).collect();
            return self.ask(pairs.to_string().into_bytes(), None).await;
        };
        let pair = |request: &&PredictRequest| match &request.rater {
            Rater::Ratings(ratings) if Arc::ptr_eq(ratings, shared) => {
                json!({"movieId": request.movie.as_str()})
            }
            _ => request.to_json(),
        };
        let pairs: Value = requests.iter().map(pair).collect();
        let body = json!({"ratings": shared.to_json(), "pairs": pairs});
        let Batch { predictions } = self.ask(body.to_string().into_bytes(), None).await?;
        Ok(predictions)
    }

    /// The scale that ratings must be on, if any request has some.
    async fn scale_for(
        &self,
        requests: impl IntoIterator<Item = &PredictRequest>,
    ) -> Result<Option<RatingScale>, EndpointError> {
        let has_ratings = requests.into_iter().any(|request| matches!(request.rater, Rater::Ratings(_)));
        Ok(if has_ratings { Some(self.model().await?.rating_scale) } else { None })
    }

    async fn model(&self) -> Result<ModelAnswer, EndpointError> {
        self.ask(b"{}".to_vec(), Some(DESCRIBE)).await
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
            Ok(ModelAnswer { source: Some(AnswerSource::Endpoint), ..self.model().await? })
        }))
    }
}

/// What a container answers to a batch of pairs that share ratings.
#[derive(Deserialize)]
struct Batch {
    predictions: Vec<PredictAnswer>,
}

/// The movie that is asked about. What a model in memory would refuse is refused here, so that the endpoint need not.
fn asked<'t>(
    request: &PredictRequest,
    titles: &'t Catalogue,
    scale: Option<RatingScale>,
) -> Result<Movie<'t>, ApiError> {
    if let (Rater::Ratings(ratings), Some(scale)) = (&request.rater, scale) {
        ratings.check(scale)?;
    }
    Ok(titles.find(&request.movie).ok_or_else(|| UnknownMovie(request.movie.clone()))?)
}

/// The ratings that more than one request has, if nobody comes without any.
fn shared_ratings<'r>(requests: &[&'r PredictRequest]) -> Option<&'r Arc<VisitorRatings>> {
    let mut seen = HashSet::new();
    if requests.iter().any(|request| matches!(request.rater, Rater::User(_))) {
        return None;
    }
    requests.iter().find_map(|request| match &request.rater {
        Rater::Ratings(ratings) if !seen.insert(Arc::as_ptr(ratings)) => Some(ratings),
        _ => None,
    })
}

/// The answer, unless a container that is older than this function has passed over the ratings.
fn answered(request: &PredictRequest, answer: PredictAnswer) -> Result<PredictAnswer, EndpointError> {
    match request.rater {
        Rater::Ratings(_) if answer.ratings_counted.is_none() => {
            let detail = "the container passed over the ratings; deploy its newer image".to_owned();
            Err(EndpointError { fault: EndpointFault::BadAnswer, detail })
        }
        _ => Ok(answer),
    }
}

async fn in_time<T>(answering: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    tokio::time::timeout(BUDGET, answering).await.unwrap_or_else(|_| {
        let detail = format!("there was no answer within {} s", BUDGET.as_secs());
        Err(EndpointError { fault: EndpointFault::Timeout, detail }.into())
    })
}
