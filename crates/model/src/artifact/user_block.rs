//! A block of `users.bin`: some users, in a safetensors file of their own.

use super::header::Header;
use super::user_index::UserIndex;
use super::user_tensors::{UserPlaces, UserShape, UserTensors};
use super::{AlignedBuffer, ArtifactError};
use crate::{TrainedUser, UserError, UserRow};

/// A block that was checked.
#[derive(Debug)]
pub(crate) struct UserBlock {
    buffer: AlignedBuffer,
    places: UserPlaces,
}

impl UserBlock {
    /// Checks everything in a block that is relied on later.
    pub(crate) fn parse(
        buffer: AlignedBuffer,
        block: usize,
        index: UserIndex<'_>,
        shape: UserShape,
    ) -> Result<Self, UserError> {
        let damaged = |problem: &str| UserError::Damaged { block, problem: problem.to_owned() };
        if !index.is_sum_of(block, buffer.bytes()) {
            return Err(damaged("does not match its SHA-256"));
        }
        let places = places(&buffer, shape).map_err(|error| damaged(&error.without_file()))?;
        let parsed = Self { buffer, places };
        if !index.holds(block, parsed.users().ids()) {
            return Err(damaged("contains users of another block"));
        }
        Ok(parsed)
    }

    /// A user in this block.
    pub(crate) fn find(&self, id: &str) -> Option<TrainedUser> {
        let users = self.users();
        users.ids().find(id).map(|row| users.user(UserRow(row)))
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> usize {
        self.buffer.bytes().len()
    }

    fn users(&self) -> UserTensors<'_> {
        self.places.of(&self.buffer)
    }
}

fn places(buffer: &AlignedBuffer, shape: UserShape) -> Result<UserPlaces, ArtifactError> {
    let mut header = Header::read(buffer.bytes())?;
    let (users, ratings) = (header.rows("user_biases")?, header.rows("rated_movies")?);
    let places = UserPlaces::take(&mut header, shape, users, ratings)?;
    header.expect_no_more()?;
    places.check(buffer)?;
    Ok(places)
}
