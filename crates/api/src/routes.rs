//! The handlers of the API. `router` gives each of them its path.

pub(crate) mod marks;
pub(crate) mod movies;
pub(crate) mod page;
pub(crate) mod predictions;
pub(crate) mod ratings;
pub(crate) mod recommendations;
mod selection;
