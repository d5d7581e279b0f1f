//! The models of a stack as an HTML page: `matinee aws versions --html`.

use matinee_api::response::{FiguresAnswer, ModelStatus, ModelVersionAnswer};
use maud::{Markup, html};

use super::page::document;

/// A page with the models of the bucket's pointer, the live one first.
pub fn versions_page(bucket: &str, models: &[ModelVersionAnswer]) -> String {
    let written = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let body = html! {
        h1 { "Which model is live" }
        @match models {
            [] => { p.verdict { "No model is published yet; the API serves the demo model." } }
            [live, ..] => { (verdict(live)) (table(models)) }
        }
        p.note {
            "RMSE: the root mean squared error in stars on held-out ratings, lower is better. NDCG@10: how high the movies that \
             people went on to rate stand in their lists, higher is better. In intervals: the share of the held-out ratings that \
             the intervals contain. A rollback has taken the place of what is marked as rolled back; what is marked as refused \
             was never live."
        }
        p.note { "The models of the bucket " code { (bucket) } " on " (written) "." }
    };
    document("Which model is live", &body)
}

fn verdict(live: &ModelVersionAnswer) -> Markup {
    html! {
        p.verdict {
            strong { (live.version) }
            @if let Some(since) = &live.since { " is live since " (moment(since)) }
            @if let Some(figures) = &live.figures {
                ". It was trained by " (figures.algorithm) " on " (figures.counts.ratings) " ratings of "
                (figures.counts.rated_movies) " movies by " (figures.counts.users) " users"
            }
            "."
        }
    }
}

fn table(models: &[ModelVersionAnswer]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Models" { table {
            thead { tr {
                th { "version" } th { "status" } th { "since" } th { "RMSE" } th { "NDCG@10" } th { "in intervals" } th { "ratings" }
            } }
            tbody { @for model in models { (row(model)) } }
        } }
    }
}

fn row(model: &ModelVersionAnswer) -> Markup {
    let of = |figure: fn(&FiguresAnswer) -> Option<String>| {
        model.figures.as_ref().and_then(figure).unwrap_or_else(|| "–".to_owned())
    };
    html! {
        tr {
            th { code { (model.version) } }
            td { @if model.status == ModelStatus::Live { strong { "● live" } } @else { (model.status.name()) } }
            td { (model.since.as_deref().map_or_else(|| "–".to_owned(), moment)) }
            td { (of(|figures| figures.rmse.map(|rmse| format!("{rmse:.4}")))) }
            td { (of(|figures| figures.ndcg_at_10.map(|ndcg| format!("{ndcg:.4}")))) }
            td { (of(|figures| figures.interval_coverage.map(|share| format!("{:.1} %", 100.0 * share)))) }
            td { (of(|figures| Some(figures.counts.ratings.to_string()))) }
        }
        @if !model.reasons.is_empty() {
            tr.reasons { td colspan="7" { (model.reasons.join("; ")) } }
        }
    }
}

/// `2026-11-26T05:20:41Z` as people read it.
fn moment(time: &str) -> String {
    time.parse::<jiff::Timestamp>()
        .map_or_else(|_| time.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
