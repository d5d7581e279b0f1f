//! Standard output, whose reader may stop early: `matinee algorithms | head -1` is not an error.

/// `println!`, but it does not panic if the reader has stopped.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout().lock(), $($text)*);
    }};
}
