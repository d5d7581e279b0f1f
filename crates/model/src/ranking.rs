//! The ranking head: which movies a visitor may want to watch next.
//!
//! A model that predicts ratings well does not rank well: what people choose to watch says more than how they rate it.
//! So the artifact has a second head, learned from *signals*: 0 for a movie that a user has not rated, or has rated low,
//! up to 1 for the highest rating. There are two methods. Training takes the one that ranks a hold-out better:
//!
//! - `EASE^R` (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019), with only the
//!   largest weights: the score of a movie is the sum of the signals times their weights towards it.
//! - `iALS` (Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on Item Recommendation
//!   Benchmarks", 2021): a factor model whose user vectors solve a small linear system.
//!
//! The signals of older ratings may count less: see [`Recency`].
//!
//! With everything else fixed, both are linear in the visitor's signals, so a score is a sum of contributions of single
//! ratings.

mod columns;
mod head;
mod implicit;
mod recency;
mod similar;
mod taste;
mod top;
mod unliked;

pub use columns::Columns;
pub(crate) use columns::MOST_NARROW;
pub use head::{RankingHead, RankingMethod, RankingView, RankingWeights, signal};
pub use implicit::{ImplicitRegression, ImplicitRow};
pub(crate) use recency::positions;
pub use recency::{InvalidRecency, Recency};
pub use taste::Taste;
pub use top::{Ranked, best};
pub(crate) use unliked::UnlikedMovies;
