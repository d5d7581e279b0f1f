//! What logs and metrics learn about each kind of answer.

use matinee_serving::AnswerSummary;

use crate::response::{
    BatchAnswer, BatchEntry, GenresAnswer, HealthAnswer, KeptBatchAnswer, KeptEntry, KeptRatingAnswer,
    ModelAnswer, MovieAnswer, MoviesAnswer, PredictAnswer, RankedBy, RecommendationsAnswer, SimilarAnswer,
    StartAnswer, TogetherAnswer, UserRatingsAnswer, VersionsAnswer,
};

/// An answer that can be summarized for logs and metrics.
pub(crate) trait Summarize {
    /// What logs and metrics learn about it.
    fn summary(&self) -> AnswerSummary {
        AnswerSummary::default()
    }
}

fn of_model(version: &str) -> AnswerSummary {
    AnswerSummary { model_version: Some(version.to_owned()), ..AnswerSummary::default() }
}

fn count(summary: &mut AnswerSummary, answer: &PredictAnswer) {
    summary.unknown_users += u32::from(!answer.known_user);
    summary.unknown_movies += u32::from(!answer.known_movie);
    summary.fallbacks += u32::from(!answer.known_user || !answer.known_movie);
    summary.live_ratings_unavailable += u32::from(answer.live_ratings.is_some());
}

impl Summarize for PredictAnswer {
    fn summary(&self) -> AnswerSummary {
        let mut summary = of_model(&self.model_version);
        count(&mut summary, self);
        summary
    }
}

impl Summarize for BatchAnswer {
    fn summary(&self) -> AnswerSummary {
        let mut summary = AnswerSummary::default();
        for entry in &self.predictions {
            match entry {
                BatchEntry::Answer(answer) => {
                    count(&mut summary, answer);
                    summary.model_version.get_or_insert_with(|| answer.model_version.clone());
                }
                BatchEntry::Error { error } => {
                    summary.unknown_movies += u32::from(error.is_unknown_movie());
                }
            }
        }
        summary
    }
}

impl Summarize for RecommendationsAnswer {
    fn summary(&self) -> AnswerSummary {
        AnswerSummary {
            unknown_movies: self.unknown_movies.len() as u32,
            fallbacks: u32::from(self.ranked_by == RankedBy::Popularity),
            live_ratings_unavailable: u32::from(self.live_ratings.is_some()),
            ..of_model(&self.model_version)
        }
    }
}

impl Summarize for TogetherAnswer {
    fn summary(&self) -> AnswerSummary {
        let unknown_movies = self.unknown_movies.len() as u32;
        AnswerSummary { unknown_movies, ..of_model(&self.model_version) }
    }
}

impl Summarize for UserRatingsAnswer {
    fn summary(&self) -> AnswerSummary {
        let live_ratings_unavailable = u32::from(self.live_ratings.is_some());
        AnswerSummary { live_ratings_unavailable, ..of_model(&self.model_version) }
    }
}

impl Summarize for KeptBatchAnswer {
    fn summary(&self) -> AnswerSummary {
        let errors = self.ratings.iter().filter_map(KeptEntry::error);
        let mut summary = AnswerSummary::default();
        for error in errors {
            summary.unknown_movies += u32::from(error.is_unknown_movie());
            summary.live_ratings_unavailable += u32::from(error.is_live_ratings_unavailable());
        }
        summary
    }
}

impl Summarize for SimilarAnswer {
    fn summary(&self) -> AnswerSummary {
        of_model(&self.model_version)
    }
}

impl Summarize for ModelAnswer {
    fn summary(&self) -> AnswerSummary {
        of_model(&self.version)
    }
}

impl Summarize for VersionsAnswer {
    fn summary(&self) -> AnswerSummary {
        of_model(&self.serving)
    }
}

impl Summarize for HealthAnswer {
    fn summary(&self) -> AnswerSummary {
        of_model(&self.model_version)
    }
}

impl Summarize for KeptRatingAnswer {}
impl Summarize for MovieAnswer {}
impl Summarize for MoviesAnswer {}
impl Summarize for StartAnswer {}
impl Summarize for GenresAnswer {}
