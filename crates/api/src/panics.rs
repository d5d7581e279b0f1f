//! Panics as log lines: what a panic says may quote a request, and a line of its own must not be made of it.

/// From now on a panic is logged, escaped like every field, and not written to standard error.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, panic = panic.payload_as_str(), "a bug: something panicked");
    }));
}
