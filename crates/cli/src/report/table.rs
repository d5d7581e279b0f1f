//! The report on a terminal.

use std::fmt::{self, Display, Formatter};

use matinee_train::evaluation::{FoldResult, MeanResult, Segment};

use super::{Report, Result, Results};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.results {
            Results::One(only) => folds(only, f),
            Results::Several { results } => comparison(results, f),
        }
    }
}

fn folds(result: &Result, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "{:>5} {:>8} {:>8} {:>10} {:>12} {:>8}",
        "fold", "RMSE", "MAE", "fit s", "predict s", "ratings"
    )?;
    for FoldResult { fold, rmse, mae, fit_seconds, predict_seconds, test_count, .. } in
        &result.evaluation.folds
    {
        writeln!(
            f,
            "{fold:>5} {rmse:>8.4} {mae:>8.4} {fit_seconds:>10.3} {predict_seconds:>12.4} {test_count:>8}"
        )?;
    }
    let MeanResult { rmse, mae, fit_seconds, predict_seconds, unreduced_rmse } = result.evaluation.mean;
    write!(f, "{:>5} {rmse:>8.4} {mae:>8.4} {fit_seconds:>10.3} {predict_seconds:>12.4}", "mean")?;
    if let Some(unreduced) = unreduced_rmse {
        write!(f, "\nRMSE before the reduction to the rank that is served: {unreduced:.4}")?;
    }
    if let Some(coverage) = result.evaluation.segments.coverage {
        write!(f, "\nratings within their 80 % intervals: {:.1} %", 100.0 * coverage)?;
    }
    unknown_users(&result.evaluation.segments.by_user_support, f)?;
    unlisted(result, f)
}

/// Tells users without training ratings from the others, if there are both.
fn unknown_users(by_user: &[Segment], f: &mut Formatter<'_>) -> fmt::Result {
    let [Segment { to: Some(0), count, rmse, .. }, known @ ..] = by_user else { return Ok(()) };
    let known_count: usize = known.iter().map(|segment| segment.count).sum();
    if known_count == 0 {
        return Ok(());
    }
    let squares: f64 = known.iter().map(|segment| segment.count as f64 * segment.rmse.powi(2)).sum();
    let known_rmse = (squares / known_count as f64).sqrt();
    write!(
        f,
        "\nRMSE of users with training ratings: {known_rmse:.4} (ratings: {known_count}), of unknown users: {rmse:.4} \
         (ratings: {count})"
    )
}

/// Says how many ratings could not be tested on.
fn unlisted(result: &Result, f: &mut Formatter<'_>) -> fmt::Result {
    match result.evaluation.unlisted_count {
        0 => Ok(()),
        1 => write!(
            f,
            "\n1 rating was not tested on: its movie is not in the catalogue, so nobody can ask for it"
        ),
        count => write!(
            f,
            "\n{count} ratings were not tested on: their movies are not in the catalogue, so nobody can ask for them"
        ),
    }
}

fn comparison(results: &[Result], f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "{:<10} {:>8} {:>8} {:>10} {:>12}", "algorithm", "RMSE", "MAE", "fit s", "predict s")?;
    for Result { algorithm, evaluation, .. } in results {
        let MeanResult { rmse, mae, fit_seconds, predict_seconds, .. } = evaluation.mean;
        write!(f, "\n{algorithm:<10} {rmse:>8.4} {mae:>8.4} {fit_seconds:>10.3} {predict_seconds:>12.4}")?;
        if let Some(coverage) = evaluation.segments.coverage {
            write!(f, "  {:.1} % within their 80 % intervals", 100.0 * coverage)?;
        }
    }
    results.first().map_or(Ok(()), |result| unlisted(result, f))
}
