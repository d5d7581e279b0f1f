//! Types that exist only for the `OpenAPI` description: bodies, parameters, and the errors of each operation. The
//! handlers refer to them, and `openapi` collects them.

mod bodies;
mod errors;
mod parameters;

pub(crate) use bodies::{BatchBody, PairBody, RatingsBody, TogetherBody};
pub(crate) use errors::{
    BatchErrors, GenresErrors, HealthErrors, ListErrors, ModelErrors, MovieErrors, NotModified,
    PageFileErrors, PredictErrors, RecommendErrors, RecommendToUserErrors, SimilarErrors, StartErrors,
    TogetherErrors, error_response,
};
pub(crate) use parameters::{
    CursorParameter, ListedLimit, RecommendedLimit, SearchParameters, SelectionParameters, TasteParameters,
    TogetherParameters,
};
