//! Learning by `vb` in parts, which can lie on any number of machines.
//!
//! The lines of the files are divided into [`Shares`] for blocks, and packed into [`Block`]s of whole users. A [`State`] says
//! what to compute next. First, something is [counted](State::count) in each block, the [`Sums`] of all blocks are [added
//! up](Sums::add), and [solving](State::solve) makes them the next state. Then there is a state for each
//! [model](State::models), and the models can be learned at the same time. When a state is [learning](State::is_learning),
//! each block is [arranged](State::arrange) for its model, and [passed](Assignment::pass) instead of counted. When all states
//! are [done](State::is_done), they are [joined](State::join), the [rows of the users](State::users) are computed, and a
//! [`Gathering`] makes them and the blocks into a model.
//!
//! Invariant: the model has the same bytes as [`train`](crate::training::train) gives on the same ratings, whatever the
//! blocks are. The arithmetic is that of the algorithm in one process, and what blocks add up is whole numbers.

mod arranged;
mod assignment;
mod block;
mod error;
mod gathering;
mod message;
mod packed_rows;
mod pass;
mod settings;
mod shares;
mod state;
mod sums;
mod tally;
mod users;

pub use arranged::Arranged;
pub use assignment::Assignment;
pub use block::{Block, pack};
pub use error::PartError;
pub use gathering::{Gathered, Gathering};
pub use message::Message;
pub use settings::Settings;
pub use shares::Shares;
pub use state::State;
pub use sums::Sums;
pub use users::Users;
