//! A user of the training data, wherever the model keeps them.

use crate::{Rated, UserVector};

/// What a model knows of a user that it was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedUser {
    /// The bias and factors.
    pub vector: UserVector,
    /// The ratings, by ascending movie rows.
    pub rated: Vec<Rated>,
    /// For each rating, its position in the order in which the user gave them, if the artifact has it.
    pub order: Option<Vec<u32>>,
}

/// Why a user cannot be looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The block that contains the user is not as the model describes it.
    #[error(
        "users.bin, block {block}: {problem}; its users cannot be answered until the file is replaced by an undamaged \
         copy, or the model is trained again"
    )]
    Damaged {
        /// The block.
        block: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The file cannot be read.
    #[error("users.bin cannot be read: {0}; try again, and check that the file is still there")]
    Unreadable(String),
    /// The file is on a network, and the caller does not wait for it.
    #[error("users.bin is on a network; copy the model to this machine first")]
    Remote,
}
