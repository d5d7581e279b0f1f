//! Panics as log lines. The message of a panic may quote a request, so it is escaped like every other field.

/// From now on a panic is logged instead of written to standard error.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, panic = panic.payload_as_str(), "a bug: something panicked");
    }));
}
