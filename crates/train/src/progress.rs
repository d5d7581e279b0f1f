//! How training tells what it is doing.

/// Listens to a training run. Calls come from one thread, in order.
pub trait Progress: Sync {
    /// A part of the work begins: `purpose` says which, as in "learning from all ratings".
    fn stage(&self, purpose: &str);

    /// An algorithm begins that will take `epochs` epochs.
    fn begin(&self, epochs: usize);

    /// An epoch (from 1) has ended, with the root mean squared error on the ratings it learned from.
    fn epoch(&self, epoch: usize, train_rmse: f64);

    /// Work begins that takes `steps` steps, of which nothing is told but that they are done.
    fn begin_steps(&self, _steps: usize) {}

    /// A step (from 1) is done.
    fn step(&self, _step: usize) {}
}

/// Tells nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str) {}

    fn begin(&self, _: usize) {}

    fn epoch(&self, _: usize, _: f64) {}
}
