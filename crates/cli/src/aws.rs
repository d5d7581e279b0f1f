//! What `matinee aws` does: a module for each group of subcommands, over the stack's [`account`].

pub mod account;
pub mod doctor;
pub mod forget;
pub mod jobs;
pub mod options;
mod stack;
pub mod table;
pub mod upload;
pub mod versions;
mod writing;
