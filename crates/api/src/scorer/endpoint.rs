//! The endpoint mode: ratings come from a `SageMaker` endpoint, titles from `movies.csv` in memory.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use matinee_model::{Catalogue, Model, Movie, RatingScale, UnknownMovie};
use matinee_serving::{DESCRIBE_MODEL, Endpoint, EndpointError, EndpointFault, Reloadable};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{BatchResult, Scorer, ScorerFuture, Titles};
use crate::predict_error::PredictError;
use crate::request::{PredictRequest, Rater, VisitorRatings};
use crate::response::{AnswerSource, ModelAnswer, PredictAnswer};

/// A request is answered within this time, including the load of the titles. API Gateway waits for 29 s.
const BUDGET: Duration = Duration::from_secs(27);

/// Answers with an endpoint's ratings and the titles of a catalogue.
pub struct EndpointScorer {
    titles: Reloadable<Catalogue>,
    endpoint: Box<dyn Endpoint>,
}

impl EndpointScorer {
    /// Asks `endpoint` for ratings. A movie that is not in `titles` is unknown.
    pub fn new(titles: Reloadable<Catalogue>, endpoint: impl Endpoint) -> Self {
        Self { titles, endpoint: Box::new(endpoint) }
    }

    async fn rate(&self, request: &PredictRequest) -> Result<PredictAnswer, PredictError> {
        let titles = self.titles.current().await?;
        let scale = self.scale_for([request]).await?;
        let movie = checked_movie(request, &titles, scale)?;
        let body = request.to_json().to_string().into_bytes();
        with_title(request, movie, self.ask(body, None).await?)
    }

    /// Sends all requests for known movies in one invocation.
    async fn rate_all(&self, requests: &[PredictRequest]) -> Result<BatchResult, PredictError> {
        let titles = self.titles.current().await?;
        let scale = self.scale_for(requests).await?;
        let movies: Vec<_> = requests.iter().map(|request| checked_movie(request, &titles, scale)).collect();
        let known = requests.iter().zip(&movies).filter(|(_, movie)| movie.is_ok());
        let known: Vec<&PredictRequest> = known.map(|(request, _)| request).collect();
        let answers = if known.is_empty() { Vec::new() } else { self.ask_all(&known).await? };
        if answers.len() != known.len() {
            return Err(bad_answer(format!("{} answers to {} pairs", answers.len(), known.len())));
        }
        let mut answers = answers.into_iter();
        let results = requests.iter().zip(movies).map(|(request, movie)| {
            let movie = movie?;
            let answer = answers.next().ok_or_else(|| bad_answer("an answer is missing".to_owned()))?;
            with_title(request, movie, answer)
        });
        Ok(results.collect())
    }

    /// Sends ratings that several requests share only once.
    async fn ask_all(&self, requests: &[&PredictRequest]) -> Result<Vec<PredictAnswer>, PredictError> {
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

    /// The scale that the ratings in the requests must be on; `None` if there are no ratings.
    async fn scale_for(
        &self,
        requests: impl IntoIterator<Item = &PredictRequest>,
    ) -> Result<Option<RatingScale>, PredictError> {
        let has_ratings = requests.into_iter().any(|request| matches!(request.rater, Rater::Ratings(_)));
        Ok(if has_ratings { Some(self.description().await?.rating_scale) } else { None })
    }

    async fn description(&self) -> Result<ModelAnswer, PredictError> {
        self.ask(b"{}".to_vec(), Some(DESCRIBE_MODEL)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        body: Vec<u8>,
        attributes: Option<&str>,
    ) -> Result<T, PredictError> {
        let answer = self.endpoint.invoke(body, attributes).await.map_err(logged)?;
        serde_json::from_slice(&answer).map_err(|error| bad_answer(error.to_string()))
    }
}

impl Scorer for EndpointScorer {
    fn predict<'a>(&'a self, request: &'a PredictRequest) -> ScorerFuture<'a, PredictAnswer> {
        Box::pin(in_time(self.rate(request)))
    }

    fn predict_all<'a>(&'a self, requests: &'a [PredictRequest]) -> ScorerFuture<'a, BatchResult> {
        Box::pin(in_time(self.rate_all(requests)))
    }

    fn titles(&self) -> ScorerFuture<'_, Titles> {
        Box::pin(async { Ok(Titles::Catalogue(self.titles.current().await?)) })
    }

    fn model(&self) -> ScorerFuture<'_, Arc<Model>> {
        Box::pin(async { Err(PredictError::NoModelInMemory) })
    }

    fn describe(&self) -> ScorerFuture<'_, ModelAnswer> {
        Box::pin(in_time(async {
            self.titles.current().await?;
            Ok(ModelAnswer { source: Some(AnswerSource::Endpoint), ..self.description().await? })
        }))
    }
}

/// The container's answer to a batch of pairs that share ratings.
#[derive(Deserialize)]
struct Batch {
    predictions: Vec<PredictAnswer>,
}

/// The movie of the request. What a model in memory would refuse is refused here, without asking the endpoint.
fn checked_movie<'t>(
    request: &PredictRequest,
    titles: &'t Catalogue,
    scale: Option<RatingScale>,
) -> Result<Movie<'t>, PredictError> {
    if let (Rater::Ratings(ratings), Some(scale)) = (&request.rater, scale) {
        ratings.check(scale)?;
    }
    Ok(titles.find(&request.movie).ok_or_else(|| UnknownMovie(request.movie.clone()))?)
}

/// The ratings that more than one request has; `None` if any request has a user instead of ratings.
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

/// The endpoint's answer, with the title of this catalogue. A container that is older than this function ignores the
/// ratings in a request, so its answer is refused.
fn with_title(
    request: &PredictRequest,
    movie: Movie<'_>,
    answer: PredictAnswer,
) -> Result<PredictAnswer, PredictError> {
    if matches!(request.rater, Rater::Ratings(_)) && answer.ratings_counted.is_none() {
        let detail = "the container ignored the ratings in the request; deploy its newer image";
        return Err(bad_answer(detail.to_owned()));
    }
    Ok(PredictAnswer { movie_title: movie.title.to_owned(), source: Some(AnswerSource::Endpoint), ..answer })
}

async fn in_time<T>(answering: impl Future<Output = Result<T, PredictError>>) -> Result<T, PredictError> {
    tokio::time::timeout(BUDGET, answering).await.unwrap_or_else(|_| {
        let detail = format!("there was no answer within {} s", BUDGET.as_secs());
        Err(logged(EndpointError { fault: EndpointFault::Timeout, detail }))
    })
}

fn bad_answer(detail: String) -> PredictError {
    logged(EndpointError { fault: EndpointFault::BadAnswer, detail })
}

/// Logs the details, which callers must not see.
fn logged(error: EndpointError) -> PredictError {
    tracing::error!(reason = error.fault.code(), detail = error.detail, "the endpoint did not answer");
    PredictError::Endpoint(error.fault)
}
