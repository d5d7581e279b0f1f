//! The model that is served: what a trained artifact contains, and how it answers requests.
//!
//! Every algorithm reduces to the same form, so one reader and one formula serve them all:
//! `score = clip(mean + b_u + b_i + <p_u, q_i>)`. A [`calibration`] may refine the score. A user or movie without ratings
//! contributes what the algorithm wrote to its row. An id without a row contributes nothing.
//!
//! Invariants: rows are in byte order of their ids, every number is finite, and every [`Model`] has passed all checks of
//! [`artifact`]. This crate does not depend on a network, an async runtime or AWS.

pub mod artifact;
pub mod calibration;
mod catalogue;
pub mod columns;
pub mod data_files;
mod factors;
mod fold_in;
mod ids;
mod intervals;
mod known;
mod linear;
mod lines;
pub mod live_pointer;
mod model;
mod rank_score;
pub mod ranking;
mod rater;
mod recommendation;
mod scale;
mod since;
mod threads;
mod user;
mod user_source;

pub use catalogue::{Catalogue, CatalogueError, Links, Movie, MovieFault, MovieReader, MovieRecord};
pub use factors::{Factors, FactorsView};
pub use fold_in::{Rated, UserPrior, UserPriorView, UserVector};
pub use ids::{IdTable, Ids, MAX_ID_BYTES, MovieId, MovieRow, UserId, UserRow, is_missing};
pub use intervals::{Intervals, Table as IntervalTable};
pub use lines::LineNumbers;
pub use model::{Model, Prediction, PredictionError, RatedMovies, UnknownMovie};
pub use rater::Rater;
pub use recommendation::{
    CANDIDATES, Estimate, Filter, Group, GroupRecommendation, Histogram, Recommendation, Visitor, varied,
};
pub use scale::{RatingScale, ScaleError};
pub use since::{Changed, OwnRating, Since};
pub use user::{TrainedUser, UserError};
pub use user_source::{RangeFuture, RemoteUsers, UserSource};
