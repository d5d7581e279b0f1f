//! How training tells what it is doing.

/// Listens to a training run. Calls come from one thread, in order.
pub trait Progress: Sync {
    /// A part of the work begins: `purpose` says which, as in "learning from all ratings".
    fn stage(&self, purpose: &str);

    /// An algorithm begins that will take `epochs` epochs.
    fn begin(&self, epochs: usize);

    /// An epoch (from 1) has ended, with the root mean squared error on the ratings it learned from.
    fn epoch(&self, epoch: usize, train_rmse: f64);
}

/// Tells nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str) {}

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {}
}
