//! The served model: what a trained artifact holds and how it answers.
//!
//! Every algorithm reduces to one form, so that one reader and one formula serve them all:
//! `score = clip(mean + b_u + b_i + <p_u, q_i>)`. A user or movie without ratings contributes what the
//! algorithm gave its row, and an id without a row contributes nothing.
//!
//! Invariants: rows are in byte order of their ids, every number is finite, and a [`Model`] that exists
//! has passed every check of [`artifact`]. This crate knows no network, no async runtime and no AWS.

pub mod artifact;
mod catalogue;
pub mod columns;
pub mod data_files;
mod factors;
mod fold_in;
mod ids;
mod intervals;
mod linear;
mod lines;
pub mod live_pointer;
mod model;
pub mod ranking;
mod rater;
mod recommendation;
mod scale;

pub use catalogue::{Catalogue, CatalogueError, Movie, MovieFault, MovieReader, MovieRecord};
pub use factors::{Factors, FactorsView};
pub use fold_in::{Rated, UserPrior, UserPriorView, UserVector};
pub use ids::{IdTable, Ids, MAX_ID_BYTES, MovieId, MovieRow, UserId, UserRow};
pub use intervals::{Intervals, Table as IntervalTable};
pub use lines::LineNumbers;
pub use model::{Model, Prediction, RatedMovies, UnknownMovie};
pub use rater::Rater;
pub use recommendation::{Estimate, Filter, Recommendation, Visitor};
pub use scale::{RatingScale, ScaleError};
