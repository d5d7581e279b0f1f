//! How a new model compares with the live one, in one line.

use matinee_model::artifact::{AgainstLive, PairedErrors};

/// The comparison in words.
pub fn against_live(AgainstLive { live_version, came_in, errors }: &AgainstLive) -> String {
    match errors {
        Some(PairedErrors { test_count, rmse, live_rmse, standard_error }) => format!(
            "{test_count} ratings that came in since model {live_version}: RMSE {rmse:.4}, and {live_rmse:.4} for that \
             model; the standard error of the difference is {standard_error:.4}"
        ),
        None => format!(
            "not compared with model {live_version}: only {came_in} ratings came in since that it can be asked about"
        ),
    }
}
