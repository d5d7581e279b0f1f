//! Why a part cannot be computed.

use crate::algorithms::ConfigureError;
use crate::ratings::Report;
use crate::state::StateError;

/// Why a part cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Bytes that are not the message that is expected.
    #[error(
        "this is not the message `{expected}` of this release: {problem}; compute all parts with the same program"
    )]
    Message {
        /// The kind of the message.
        expected: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Ratings or a catalogue that training refuses.
    #[error(
        "{0}a model cannot be trained on this data; `matinee check` on the files names the lines to correct"
    )]
    Refused(Box<Report>),
    /// A header without the columns of ratings, or none.
    #[error("{0}")]
    Header(String),
    /// A file with another header than the others.
    #[error(
        "a file begins with `{found}` instead of the header `{expected}`; all files need the same header"
    )]
    OtherHeader {
        /// The first line of the file.
        found: String,
        /// The header.
        expected: String,
    },
    /// A line that is not a whole record.
    #[error(
        "the line `{0}` ends within a quoted field, so its record goes on in the next line; in ratings that are divided by line, \
         no field may have a line end"
    )]
    OpenQuote(String),
    /// A rating whose place in the files is not known.
    #[error(
        "line {line} has no place; write a whole number from 0 into the column `place`, or leave the column out"
    )]
    Place {
        /// The line.
        line: u64,
    },
    /// A line that was not UTF-8.
    #[error(
        "an id of the line `{0}` has the character U+FFFD, which Spark puts in the place of bytes that are not UTF-8; save the \
         ratings as UTF-8"
    )]
    Encoding(String),
    /// A line without a place before it.
    #[error("the line `{0}` does not begin with its place, a whole number from 0, and a space")]
    NoPlace(String),
    /// A user who is in two blocks.
    #[error("user `{0}` is in two blocks; put all ratings of a user into the same block")]
    TwoBlocks(String),
    /// Blocks with timestamps and blocks without.
    #[error("some blocks have timestamps and others have none; give all files of ratings the same columns")]
    SomeTimestamps,
    /// More ratings than a model can hold.
    #[error("there are {0} ratings, and a model holds at most {max}; train on fewer", max = u32::MAX)]
    TooMany(u64),
    /// No ratings.
    #[error("there are no ratings to learn from")]
    NoRatings,
    /// Blocks that have other ratings together than those that were counted.
    #[error(
        "the blocks have {found} ratings together, but {expected} were counted; use each block once in every pass"
    )]
    OtherRatings {
        /// The number of ratings that were counted.
        expected: u64,
        /// The number of ratings in the blocks.
        found: u64,
    },
    /// Sums that do not belong to the state.
    #[error("these sums are of another pass; add up the sums of all blocks, each used once in this pass")]
    OtherPass,
    /// A block with ratings that the state does not know.
    #[error("movie `{0}` is not in the state; use the same blocks in all steps")]
    OtherBlock(String),
    /// An arranged block of another model.
    #[error("this block was arranged for another model; arrange it again with the state of this one")]
    OtherModel,
    /// A step that is not the next one.
    #[error("this is not the next step; the state needs `{0}`")]
    OtherStep(&'static str),
    /// Hyperparameters that are not valid.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// A state that was changed.
    #[error(transparent)]
    State(#[from] StateError),
}
