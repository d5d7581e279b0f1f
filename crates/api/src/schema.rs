//! Types that exist only for the `OpenAPI` description: bodies, parameters, and the errors of each operation. The handlers
//! refer to them, and `openapi` collects them.

mod bodies;
mod errors;
mod parameters;

pub(crate) use bodies::{BatchBody, PairBody, RatingsBody};
pub(crate) use errors::{
    Batched, Catalogued, Checked, Described, Filed, Listed, ModelDescribed, Predicted, Recommended,
    RecommendedToUser, Similar, Unchanged, error_response,
};
pub(crate) use parameters::{BrowseParameters, PageParameters, SimilarParameters};
