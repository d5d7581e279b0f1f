//! The facts about a person that the calibration uses, besides their factors.

use crate::calibration::{Moments, Scored, Support};
use crate::rank_score::PlacedSignals;
use crate::{Model, MovieRow, Rated};

/// What the calibration uses of a person's ratings.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    support: Support,
    signals: PlacedSignals,
}

impl Model {
    /// What the calibration uses of these ratings of one person. `None` in a model without calibration.
    pub(crate) fn known(&self, rated: &[Rated]) -> Option<Known> {
        let frame = self.manifest().calibration.as_ref()?.table().frame;
        let moments = Moments::of(rated.iter().map(|rated| rated.rating));
        let signals = PlacedSignals::of(rated, self.manifest().rating_scale);
        Some(Known { support: moments.support(frame.usual_spread), signals })
    }

    /// The predicted rating of `movie`, from the score of the factors; clipped to the scale.
    pub(crate) fn calibrate(&self, score: f32, known: Option<&Known>, movie: Option<MovieRow>) -> f32 {
        let scale = self.manifest().rating_scale;
        let (Some(calibration), Some(known), Some(movie), Some(spreads)) =
            (&self.manifest().calibration, known, movie, self.movie_spreads())
        else {
            return scale.clip(score);
        };
        let support = Support { count: self.rating_count(movie), spread: spreads[movie.index()] };
        let rank_score = self
            .ranking()
            .map_or(0.0, |view| known.signals.rank_score(&view, || self.unliked_movies(&view), movie));
        calibration.predict(&Scored { score, user: known.support, movie: support, rank_score }, scale)
    }
}
