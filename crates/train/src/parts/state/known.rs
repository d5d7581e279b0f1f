//! What is known of all ratings after the first pass.

use matinee_model::{Catalogue, Ids};

use crate::algorithms::vb::Vb;
use crate::parts::PartError;
use crate::parts::settings::Settings;
use crate::parts::tally::Tally;
use crate::ratings::{Dataset, Ratings, Report, identities};
use crate::state::StateError;

/// The movies, and which ratings are held out.
#[derive(Clone)]
pub(in crate::parts) struct Known {
    /// The movies that were rated, and those of the catalogue.
    pub(in crate::parts) movie_ids: Ids,
    /// For each of them, whether requests can ask for it.
    pub(super) listed: Vec<bool>,
    /// The movies that have each attribute.
    pub(super) groups: Vec<Vec<Vec<u32>>>,
    /// The number of ratings.
    pub(in crate::parts) rating_count: u64,
    /// The ratings with shares below this are held out.
    pub(super) held_out_below: f64,
}

impl Known {
    /// Refuses ratings and catalogue that do not belong together.
    pub(super) fn new(
        tally: &Tally,
        settings: &Settings,
        catalogue: Option<&Catalogue>,
    ) -> Result<Self, PartError> {
        let rating_count = tally.rating_count();
        if rating_count == 0 {
            return Err(PartError::NoRatings);
        }
        if u32::try_from(rating_count).is_err() {
            return Err(PartError::TooMany(rating_count));
        }
        let movies: Vec<(&str, u64)> = tally.movies.iter().map(|(id, &count)| (id.as_str(), count)).collect();
        let mut report = Report::default();
        identities::check_movies("ratings", &movies, catalogue, &mut report);
        if report.refuses_training() {
            return Err(PartError::Refused(Box::new(report)));
        }
        let movie_ids = identities::movie_ids(tally.movies.keys().map(String::as_str), catalogue);
        let none = Ids::new([]);
        let mut dataset =
            Dataset::new(none, movie_ids, Ratings::default(), None, catalogue.cloned(), settings.scale);
        settings.complete_titles(&mut dataset, catalogue);
        Ok(Self {
            listed: dataset.listed,
            groups: dataset.attributes.groups().to_vec(),
            movie_ids: dataset.movie_ids,
            rating_count,
            held_out_below: tally.held_out_below(settings.hold_out),
        })
    }

    /// The algorithm, with the defaults for so many ratings.
    pub(super) fn algorithm(&self, settings: &Settings) -> Result<Vb, PartError> {
        let algorithm = settings.plan()?.algorithm.for_ratings(self.rating_count as usize);
        algorithm.vb().ok_or_else(|| StateError::new("it is not of vb".to_owned()).into())
    }
}
