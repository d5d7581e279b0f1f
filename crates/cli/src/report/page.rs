//! The report as one HTML page without other files.

use anyhow::Result as AnyResult;
use matinee_train::evaluation::{FoldResult, Segment, Segments};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plots::{Axes, Series, SeriesLabelPosition, bars, lines};
use super::{Origin, Report, Result};

const STYLE: &str = include_str!("page.css");

impl Report {
    /// A page with tables and plots.
    pub fn to_html(&self, origin: &Origin) -> AnyResult<String> {
        let body = html! {
            h1 { "How well ratings are predicted" }
            p {
                (self.rating_count) " ratings of " (self.movie_count) " movies by " (self.user_count)
                " users in " code { (self.ratings) } "; tested on " (self.tested_on) ", seed " (self.seed) "."
            }
            (self.verdict())
            (self.summary())
            (figure("Root mean squared error", "shorter is better", &self.rmse_bars()?))
            (figure("Calibration", "on the grey line, the mean rating equals the mean prediction", &self.calibration()?))
            (self.by_support("Error by user", "ratings of the user", |segments| &segments.by_user_support)?)
            (self.by_support("Error by movie", "ratings of the movie", |segments| &segments.by_movie_support)?)
            @if self.results().iter().any(|result| result.learning_curve.is_some()) {
                (figure("Learning curve", "if it is still falling at the right end, more ratings help", &self.learning_curves()?))
            }
            @if self.results().iter().any(|result| result.evaluation.segments.coverage.is_some()) {
                (figure("Intervals", "the share of ratings within their 80 % intervals", &self.coverage()?))
            }
            (self.hyperparameters())
            (origin.to_html())
        };
        Ok(document(&format!("Evaluation of {}", self.ratings), &body))
    }

    /// The result in a sentence.
    fn verdict(&self) -> Markup {
        html! {
            @if let [best, second, ..] = self.results() {
                p.verdict {
                    strong { (best.algorithm) } " predicts best: its error is "
                    (format!("{:.1} %", 100.0 * (1.0 - best.evaluation.mean.rmse / second.evaluation.mean.rmse)))
                    " lower than that of the second best, " (second.algorithm) "."
                }
            }
        }
    }

    fn summary(&self) -> Markup {
        html! {
            div.wide tabindex="0" role="region" aria-label="Algorithms" { table {
                thead { tr {
                    th { "algorithm" } th { "RMSE" } th { "MAE" } th { "fit, s" } th { "predict, s" } th { "slope" }
                    th { "in 80 % intervals" }
                } }
                tbody {
                    @for result in self.results() {
                        @let (mean, segments) = (&result.evaluation.mean, &result.evaluation.segments);
                        tr {
                            th { (result.algorithm) }
                            td { (with_spread(&result.evaluation.folds)) }
                            td { (format!("{:.4}", mean.mae)) }
                            td { (format!("{:.3}", mean.fit_seconds)) }
                            td { (format!("{:.4}", mean.predict_seconds)) }
                            td { (format!("{:.3}", segments.slope)) }
                            td { (segments.coverage.map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share))) }
                        }
                    }
                }
            } }
            p.note {
                "Means over the test sets, the best algorithm first; ± is the standard deviation of the test sets' errors. Slope: regression of the ratings on the predictions; below 1 the predictions are over-dispersed."
            }
        }
    }

    fn rmse_bars(&self) -> AnyResult<String> {
        let bar = |result: &Result| (result.algorithm, result.evaluation.mean.rmse);
        bars("RMSE", &self.results().iter().map(bar).collect::<Vec<_>>())
    }

    fn by_support(
        &self,
        title: &str,
        label: &str,
        segments: fn(&Segments) -> &Vec<Segment>,
    ) -> AnyResult<Markup> {
        let of = |result: &'_ Result| segments(&result.evaluation.segments).clone();
        let (ticks, series) = self.over_segments(of, |segment| Some(segment.rmse));
        let axes =
            Axes { x: label, y: "RMSE", ticks: &ticks, guide: None, legend: SeriesLabelPosition::UpperRight };
        let help = "from few known ratings to many";
        Ok(figure(title, help, &lines(&axes, &series)?))
    }

    fn coverage(&self) -> AnyResult<String> {
        let of = |result: &'_ Result| result.evaluation.segments.by_user_support.clone();
        let (ticks, series) = self.over_segments(of, |segment| segment.coverage.map(|share| 100.0 * share));
        let end = ticks.len().saturating_sub(1) as f64;
        let guide = Some([(0.0, 80.0), (end, 80.0)]);
        lines(
            &Axes {
                x: "ratings of the user",
                y: "% of the ratings",
                ticks: &ticks,
                guide,
                legend: SeriesLabelPosition::LowerRight,
            },
            &series,
        )
    }

    /// The names of all segments, and a line over them for each algorithm.
    fn over_segments(
        &self,
        segments: impl Fn(&Result) -> Vec<Segment>,
        figure: impl Fn(&Segment) -> Option<f64>,
    ) -> (Vec<String>, Vec<Series<'_>>) {
        let mut all: Vec<Segment> = self.results().iter().flat_map(&segments).collect();
        all.sort_by_key(|segment| segment.from);
        all.dedup_by_key(|segment| segment.from);
        let series = self.results().iter().map(|result| {
            let place = |segment: &Segment| all.iter().position(|other| other.from == segment.from);
            let point = |segment: &Segment| Some((place(segment)? as f64, figure(segment)?));
            Series { name: result.algorithm, points: segments(result).iter().filter_map(point).collect() }
        });
        let series = series.collect();
        (all.iter().map(Segment::label).collect(), series)
    }

    fn calibration(&self) -> AnyResult<String> {
        let series: Vec<Series<'_>> = self
            .results()
            .iter()
            .map(|result| {
                let bins = &result.evaluation.segments.calibration;
                Series {
                    name: result.algorithm,
                    points: bins.iter().map(|bin| (bin.predicted, bin.given)).collect(),
                }
            })
            .collect();
        let predicted = || series.iter().flat_map(|series| &series.points).map(|point| point.0);
        let (low, high) = (predicted().fold(f64::INFINITY, f64::min), predicted().fold(0.0, f64::max));
        let guide = (low <= high).then_some([(low, low), (high, high)]);
        lines(
            &Axes {
                x: "mean prediction",
                y: "mean rating",
                ticks: &[],
                guide,
                legend: SeriesLabelPosition::LowerRight,
            },
            &series,
        )
    }

    fn learning_curves(&self) -> AnyResult<String> {
        let series: Vec<Series<'_>> = self
            .results()
            .iter()
            .map(|result| {
                let points = result.learning_curve.iter().flatten();
                Series {
                    name: result.algorithm,
                    points: points.map(|point| (point.rating_count as f64, point.rmse)).collect(),
                }
            })
            .collect();
        lines(
            &Axes {
                x: "ratings trained on",
                y: "RMSE",
                ticks: &[],
                guide: None,
                legend: SeriesLabelPosition::UpperRight,
            },
            &series,
        )
    }

    fn hyperparameters(&self) -> Markup {
        html! {
            h2 { "Hyperparameters" }
            @for result in self.results() {
                p {
                    strong { (result.algorithm) } ": "
                    @if result.hyperparameters.is_empty() { "none" }
                    @for (index, (name, value)) in result.hyperparameters.iter().enumerate() {
                        @if index > 0 { ", " }
                        code { (name) " = " (value) }
                    }
                }
            }
        }
    }
}

/// The mean of the errors, and how far apart they are.
fn with_spread(folds: &[FoldResult]) -> String {
    let count = folds.len() as f64;
    let mean = folds.iter().map(|fold| fold.rmse).sum::<f64>() / count;
    if folds.len() < 2 {
        return format!("{mean:.4}");
    }
    let squares: f64 = folds.iter().map(|fold| (fold.rmse - mean).powi(2)).sum();
    format!("{mean:.4} ± {:.4}", (squares / (count - 1.0)).sqrt())
}

/// A page that needs no other files.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

pub(super) fn figure(title: &str, help: &str, svg: &str) -> Markup {
    html! {
        figure tabindex="0" {
            figcaption { strong { (title) } " " span { (help) } }
            (PreEscaped(svg))
        }
    }
}
