//! Types that exist only for the `OpenAPI` description: bodies, parameters, and the errors of each operation. The
//! handlers refer to them, and `openapi` collects them.

mod bodies;
mod errors;
mod parameters;

pub(crate) use bodies::{BatchBody, KeptRatingBody, PairBody, RatingsBatchBody, RatingsBody, TogetherBody};
pub(crate) use errors::{
    BatchErrors, ForgetErrors, GenresErrors, HealthErrors, KeepBatchErrors, KeepErrors, ListErrors,
    MarkErrors, ModelErrors, MovieErrors, NotModified, PageFileErrors, PredictErrors, RecommendErrors,
    RecommendToUserErrors, SimilarErrors, StartErrors, TogetherErrors, UnmarkErrors, UserRatingsErrors,
    error_response,
};
pub(crate) use parameters::{
    CursorParameter, ListedLimit, RatingsOrderParameter, RecommendedLimit, SearchParameters,
    SelectionParameters, TasteParameters, TimeParameter, TogetherParameters,
};
