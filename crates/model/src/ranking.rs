//! The ranking head: which movies somebody may want to watch next.
//!
//! A model that predicts ratings well ranks badly: what people choose to watch tells more than how they rate it.
//! So the artifact carries a second head, learned from *signals*: 0 for a movie that somebody has not rated, or
//! has rated low, up to 1 for the highest rating. There are two, and training takes the one that ranks a hold-out
//! better:
//!
//! - `EASE^R` (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019), of which the largest weights
//!   are kept: the score of a movie is the sum of the signals times their weights towards it.
//! - `iALS` (Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on Item Recommendation
//!   Benchmarks", 2021): a factor model whose user vectors solve a small linear system.
//!
//! Where it is known when ratings were given, and a hold-out says that it pays, the signals of older ratings count
//! less: see [`Recency`].
//!
//! Both are linear in the visitor's ratings with everything else fixed, so a score is a sum of contributions of
//! single ratings.

mod columns;
mod head;
mod implicit;
mod recency;
mod similar;
mod taste;
mod top;

pub use columns::Columns;
pub(crate) use columns::MOST_NARROW;
pub use head::{RankingHead, RankingMethod, RankingView, RankingWeights, signal};
pub use implicit::{ImplicitRegression, ImplicitRow};
pub(crate) use recency::places;
pub use recency::{InvalidRecency, Recency};
pub use taste::Taste;
pub use top::{Ranked, best};
