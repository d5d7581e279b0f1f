//! The report of `matinee evaluate --ranking` as an HTML page.

use std::path::Path;

use anyhow::Result;
use matinee_train::ranking::evaluation::RankingEvaluation;
use matinee_train::ratings::Dataset;
use maud::{Markup, html};

use super::Origin;
use super::page::{document, figure};
use super::plots::bars;

/// A page with a table and a plot for each split.
pub fn ranking_page(
    file: &Path,
    dataset: &Dataset,
    results: &[RankingEvaluation],
    origin: &Origin,
) -> Result<String> {
    let plots = results.iter().map(ndcg_bars).collect::<Result<Vec<String>>>()?;
    let body = html! {
        h1 { "How well movies are recommended" }
        p {
            (dataset.ratings.len()) " ratings of " (dataset.movie_count()) " movies by " (dataset.user_count())
            " users in " code { (file.display()) } "; a fifth of each user's ratings is held out."
        }
        @for (result, plot) in results.iter().zip(&plots) {
            h2 { "Split: " (result.split) }
            (table(result))
            (figure("NDCG@10", "longer is better", plot))
        }
        p.note { "* marks the method that training chooses. Coverage: the share of all movies that are in some list of ten. \
                  Novelty: the mean of the bits that a movie of a list tells, more for movies that fewer people know." }
        (origin.to_html())
    };
    Ok(document("Evaluation of recommendations", &body))
}

fn table(result: &RankingEvaluation) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Methods" {
            table {
                thead { tr {
                    th { "method" } th { "NDCG@10" } th { "Recall@20" } th { "coverage" } th { "novelty" } th { "users" }
                    th { "fit, s" }
                } }
                tbody {
                    @for method in &result.methods {
                        @let metrics = method.metrics;
                        tr {
                            th { @if method.method == result.chosen { "* " } (method.method) }
                            td { (format!("{:.4}", metrics.ndcg_at_10)) }
                            td { (format!("{:.4}", metrics.recall_at_20)) }
                            td { (format!("{:.4}", metrics.coverage)) }
                            td { (format!("{:.2}", metrics.novelty)) }
                            td { (metrics.users) }
                            td { (format!("{:.2}", method.fit_seconds)) }
                        }
                    }
                }
            }
        }
    }
}

fn ndcg_bars(result: &RankingEvaluation) -> Result<String> {
    let methods: Vec<(&str, f64)> =
        result.methods.iter().map(|method| (method.method.as_str(), method.metrics.ndcg_at_10)).collect();
    bars("NDCG@10", &methods)
}
