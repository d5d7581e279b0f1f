//! Learning by `vb` in parts, which can lie on any number of machines.
//!
//! The ratings are packed into [`Block`]s of whole users. A [`State`] says what to compute next. Each block is
//! [passed](State::pass), the [`Sums`] of all blocks are [added up](Sums::add), and [solving](State::solve) makes them the
//! next state, until it is [done](State::is_done). Then the [rows of the users](State::users) are computed, and a
//! [`Gathering`] makes them and the blocks into a model.
//!
//! Invariant: the model has the same bytes as [`train`](crate::training::train) gives on the same ratings, whatever the
//! blocks are. The arithmetic is that of the algorithm in one process, and what blocks add up is whole numbers.

mod block;
mod error;
mod gathering;
mod message;
mod settings;
mod state;
mod sums;
mod tally;
mod users;

pub use block::{Block, pack};
pub use error::PartError;
pub use gathering::{Gathered, Gathering};
pub use message::Message;
pub use settings::Settings;
pub use state::State;
pub use sums::Sums;
pub use users::Users;
