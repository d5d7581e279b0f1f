//! Standard output that may end early: `matinee algorithms | head -1` is no error.

/// `println!`, but a reader that went away does not mind.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout().lock(), $($text)*);
    }};
}
