//! The report of `matinee evaluate --split visitors`.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use anyhow::Result;
use matinee_train::evaluation::{Accuracy, VisitorEvaluation};
use matinee_train::ratings::Dataset;
use maud::html;
use serde::Serialize;

use super::Origin;
use super::page::{document, figure};
use super::plots::{Axes, Series, SeriesLabelPosition, lines};

/// The results of one or several algorithms for the same visitors.
#[derive(Serialize)]
pub struct VisitorReport {
    ratings: String,
    rating_count: usize,
    user_count: usize,
    movie_count: usize,
    tested_on: &'static str,
    seed: u64,
    algorithms: Vec<VisitorsOf>,
}

/// The result of one algorithm.
#[derive(Serialize)]
pub struct VisitorsOf {
    /// Its name.
    pub algorithm: &'static str,
    /// All its hyperparameters.
    pub hyperparameters: BTreeMap<String, serde_json::Value>,
    /// How well it predicted.
    #[serde(flatten)]
    pub evaluation: VisitorEvaluation,
}

impl VisitorReport {
    /// The report of these results, on the ratings of a file.
    pub fn new(
        file: &Path,
        dataset: &Dataset,
        tested_on: &'static str,
        seed: u64,
        algorithms: Vec<VisitorsOf>,
    ) -> Self {
        Self {
            ratings: file.display().to_string(),
            rating_count: dataset.ratings.len(),
            user_count: dataset.user_count(),
            movie_count: dataset.movie_count(),
            tested_on,
            seed,
            algorithms,
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// A page with a table and a plot for each algorithm.
    pub fn to_html(&self, origin: &Origin) -> Result<String> {
        let plots = self.algorithms.iter().map(VisitorsOf::plot).collect::<Result<Vec<String>>>()?;
        let body = html! {
            h1 { "How well ratings of visitors are predicted" }
            p {
                (self.rating_count) " ratings of " (self.movie_count) " movies by " (self.user_count)
                " users in " code { (self.ratings) } "; tested on " (self.tested_on) ", seed " (self.seed) "."
            }
            @for (of, plot) in self.algorithms.iter().zip(&plots) {
                h2 { (of.algorithm) }
                div.wide tabindex="0" role="region" aria-label=(of.algorithm) { table {
                    thead { tr {
                        th { "ratings known" } th { "visitors" } th { "ratings tested" }
                        @for name in ["folded in", "trained"] {
                            th { (name) ": RMSE" } th { "MAE" } th { "in 80 % intervals" }
                        }
                    } }
                    tbody {
                        @for result in &of.evaluation.results {
                            tr {
                                th { (result.rating_count) } td { (result.visitor_count) } td { (result.test_count) }
                                @for Accuracy { errors, coverage } in [result.folded_in, result.trained] {
                                    td { (format!("{:.4}", errors.rmse)) }
                                    td { (format!("{:.4}", errors.mae)) }
                                    td { (percent(coverage)) }
                                }
                            }
                        }
                    }
                } }
                (figure("Root mean squared error", "lower is better", plot))
            }
            p.note {
                "Folded in: the model has not seen the visitors, and gets the known ratings with the request. \
                 Trained: the model was also trained on the same known ratings."
            }
            (origin.to_html())
        };
        Ok(document("Evaluation of visitors", &body))
    }
}

impl VisitorsOf {
    fn plot(&self) -> Result<String> {
        let results = &self.evaluation.results;
        let ticks: Vec<String> = results.iter().map(|result| result.rating_count.to_string()).collect();
        let points =
            |rmse: &dyn Fn(usize) -> f64| (0..results.len()).map(|at| (at as f64, rmse(at))).collect();
        let series = [
            Series { name: "folded in", points: points(&|at| results[at].folded_in.errors.rmse) },
            Series { name: "trained", points: points(&|at| results[at].trained.errors.rmse) },
        ];
        let legend = SeriesLabelPosition::UpperRight;
        lines(&Axes { x: "ratings known", y: "RMSE", ticks: &ticks, guide: None, legend }, &series)
    }
}

impl Display for VisitorReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, VisitorsOf { algorithm, evaluation, .. }) in self.algorithms.iter().enumerate() {
            if index > 0 {
                writeln!(f, "\n")?;
            }
            writeln!(f, "{algorithm}, {} visitors", evaluation.visitor_count)?;
            writeln!(f, "{:>32} {:^26}   {:^26}", "", "folded in", "trained")?;
            write!(f, "{:>13} {:>9} {:>8}", "ratings known", "visitors", "tested")?;
            for _ in 0..2 {
                write!(f, "  {:>8} {:>8} {:>8}", "RMSE", "MAE", "in 80 %")?;
            }
            for result in &evaluation.results {
                write!(
                    f,
                    "\n{:>13} {:>9} {:>8}",
                    result.rating_count, result.visitor_count, result.test_count
                )?;
                for Accuracy { errors, coverage } in [result.folded_in, result.trained] {
                    write!(f, "  {:>8.4} {:>8.4} {:>8}", errors.rmse, errors.mae, percent(coverage))?;
                }
            }
        }
        Ok(())
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}
