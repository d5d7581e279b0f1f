//! The rows of the users of a block.

use super::PartError;
use super::message::Message;
use crate::algorithms::vb::UserRows;
use crate::state::{StateReader, StateWriter};

/// The rows of the users of a block: of the model that is measured, if there is one, and of the model that is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Users(pub(super) Vec<UserRows>);

impl Message for Users {
    const KIND: &'static str = "users";

    fn headline(&self) -> String {
        format!("{} models", self.0.len())
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.0.len() as u64);
        for UserRows { counts, rows } in &self.0 {
            state.whole_numbers(counts.iter().copied());
            state.whole_numbers(rows.iter().map(|entry| entry.to_bits()));
        }
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        let mut models = Vec::new();
        for _ in 0..state.number()? {
            let counts = state.whole_numbers()?;
            let rows = state.whole_numbers()?.into_iter().map(f32::from_bits).collect();
            models.push(UserRows { counts, rows });
        }
        Ok(Self(models))
    }
}
