//! Reports the progress of training.

/// Receives the progress of a training run. Calls come from one thread, in order.
pub trait Progress: Sync {
    /// A stage begins. `purpose` says which, such as "learning from all ratings".
    fn stage(&self, purpose: &str);

    /// An algorithm starts. It will take `epochs` epochs.
    fn begin(&self, epochs: usize);

    /// An epoch (from 1) has ended, with the root mean squared error on the ratings it learned from.
    fn epoch(&self, epoch: usize, train_rmse: f64);
}

/// Ignores all progress.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str) {}

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {}
}
