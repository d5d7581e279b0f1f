//! Makes the blocks, and the rows of their users, into a model.
//!
//! What cannot be divided is done here, by the code that trains in one process: measuring, the ranking head, and the
//! prior of visitors. So all ratings are in the memory of one machine here, as they are in the model's file.

use matinee_model::{Catalogue, Factors, IdTable, Ids, MovieRow, UserRow};
use rayon::slice::ParallelSliceMut;

use super::PartError;
use super::block::Block;
use super::settings::Settings;
use super::state::{Known, State};
use super::users::Users;
use crate::algorithms::from_common_range;
use crate::algorithms::vb::{Learner, UserRows};
use crate::progress::Progress;
use crate::ratings::{Dataset, Rating, Ratings, Report, Timestamps, identities};
use crate::state::StateError;
use crate::training::{Plan, Stage, Trained, train_with};

/// The parts of a model that are there.
pub struct Gathering {
    settings: Settings,
    catalogue: Option<Catalogue>,
    known: Known,
    learners: Vec<Learner>,
    /// For each block, the ids of its users.
    ids: Vec<Ids>,
    /// For each model that was learned, the rows of the users, block by block.
    rows: Vec<UserRows>,
    given: Vec<Given>,
    has_times: Option<bool>,
}

/// A rating as it was given. Until all users are known, the user's row is counted over the blocks.
#[derive(Clone, Copy)]
struct Given {
    place: u64,
    time: i64,
    rating: Rating,
}

/// A model of all parts, ready to be written.
pub struct Gathered {
    /// All ratings, as one process would have read them.
    pub dataset: Dataset,
    /// How it was trained.
    pub plan: Plan,
    /// The model.
    pub trained: Trained,
}

impl Gathering {
    /// Nothing yet. The state must be done.
    pub fn new(state: State) -> Result<Self, PartError> {
        let (settings, catalogue, known, learners) = state.into_learned()?;
        let rows = vec![UserRows::default(); learners.len()];
        let (ids, given) = (Vec::new(), Vec::new());
        Ok(Self { settings, catalogue, known, learners, ids, rows, given, has_times: None })
    }

    /// Adds a block and the rows of its users.
    pub fn add(&mut self, block: Block, Users(models): Users) -> Result<(), PartError> {
        let users = block.users.table().len();
        let fits = |(rows, learner): (&UserRows, &Learner)| {
            rows.counts.len() == users && rows.rows.len() == users * learner.row_width()
        };
        if models.len() != self.learners.len() || !models.iter().zip(&self.learners).all(fits) {
            return Err(StateError::new("the rows are not those of the users of the block".to_owned()).into());
        }
        if self
            .has_times
            .replace(block.timestamps.is_some())
            .is_some_and(|has| has != block.timestamps.is_some())
        {
            return Err(PartError::SomeTimestamps);
        }
        let first = self.ids.iter().map(|ids| ids.table().len()).sum::<usize>() as u32;
        let all = self.known.movie_ids.table();
        let row = |id: &str| all.find(id).ok_or_else(|| PartError::OtherBlock(id.to_owned()));
        let movies: Vec<u32> = block.movies.table().iter().map(row).collect::<Result<_, _>>()?;
        self.given.extend(block.ratings.iter().enumerate().map(|(index, rating)| Given {
            place: block.places[index],
            time: block.timestamps.as_ref().map_or(0, |times| times.get(index)),
            rating: Rating {
                user: UserRow(first + rating.user.0),
                movie: MovieRow(movies[rating.movie.index()]),
                value: rating.value,
            },
        }));
        for (all, own) in self.rows.iter_mut().zip(models) {
            all.counts.extend(own.counts);
            all.rows.extend(own.rows);
        }
        self.ids.push(block.users);
        Ok(())
    }

    /// The model of all blocks.
    pub fn train(self, progress: &dyn Progress) -> Result<Gathered, PartError> {
        let Self { settings, catalogue, known, learners, ids, rows, given, has_times } = self;
        let (user_ids, places) = sorted(&ids)?;
        let (expected, found) = (known.rating_count, given.len() as u64);
        if found != expected {
            return Err(PartError::OtherRatings { expected, found });
        }
        drop(ids);
        let mut factors: Vec<Factors> = learners
            .iter()
            .zip(rows)
            .map(|(learner, rows)| {
                let rows = in_order(&rows, &places, learner.row_width());
                from_common_range(learner.factors(rows), settings.scale)
            })
            .collect();
        drop(learners);
        let (ratings, times) = in_order_of_files(given, &places);
        let timestamps = has_times.unwrap_or(false).then_some(times);
        let listing = catalogue.clone();
        let mut dataset =
            Dataset::new(user_ids, known.movie_ids, ratings, timestamps, catalogue, settings.scale);
        settings.complete_titles(&mut dataset, listing.as_ref());
        refuse_spellings(&dataset)?;
        let plan = settings.plan()?;
        let (mut served, mut measured) = (factors.pop(), factors.pop());
        let mut learned = |stage: &Stage| match stage {
            Stage::Measuring => measured.take(),
            // Only one process compares with a live model.
            Stage::Comparing(_) => None,
            Stage::Final(..) => served.take(),
        };
        let missing = || StateError::new("it has no model for the hold-out".to_owned());
        let trained = train_with(&dataset, &plan, progress, |stage| learned(stage).ok_or_else(missing))?;
        Ok(Gathered { dataset, plan, trained })
    }
}

/// All ids, and for each user of the blocks the row among them.
fn sorted(blocks: &[Ids]) -> Result<(Ids, Vec<u32>), PartError> {
    let tables: Vec<IdTable<'_>> = blocks.iter().map(Ids::table).collect();
    let all = || tables.iter().flat_map(IdTable::iter);
    let ids = Ids::new(all());
    let table = ids.table();
    let places: Vec<u32> = all().map(|id| table.find(id).unwrap_or_default()).collect();
    let mut seen = vec![false; table.len()];
    for &place in &places {
        if std::mem::replace(&mut seen[place as usize], true) {
            return Err(PartError::TwoBlocks(table.id(place as usize).to_owned()));
        }
    }
    Ok((ids, places))
}

/// The rows of the users, each at its place.
fn in_order(unordered: &UserRows, places: &[u32], width: usize) -> UserRows {
    let mut rows = vec![0.0; unordered.rows.len()];
    let mut counts = vec![0; unordered.counts.len()];
    for (index, &place) in places.iter().enumerate() {
        let place = place as usize;
        counts[place] = unordered.counts[index];
        rows[place * width..][..width].copy_from_slice(&unordered.rows[index * width..][..width]);
    }
    UserRows { counts, rows }
}

/// The ratings and their times, in the order of the files.
fn in_order_of_files(mut given: Vec<Given>, places: &[u32]) -> (Ratings, Timestamps) {
    given.par_sort_unstable_by_key(|given| (given.place, given.rating.user, given.rating.movie));
    let rating = |rating: Rating| Rating { user: UserRow(places[rating.user.index()]), ..rating };
    given.into_iter().map(|given| (rating(given.rating), given.time)).unzip()
}

/// Refuses users whose ids are written in two ways.
fn refuse_spellings(dataset: &Dataset) -> Result<(), PartError> {
    let mut counts = vec![0; dataset.user_count()];
    for rating in &dataset.ratings {
        counts[rating.user.index()] += 1;
    }
    let users: Vec<(&str, u64)> = dataset.user_ids.table().iter().zip(counts).collect();
    let mut report = Report::default();
    identities::check_users("ratings", &users, &mut report);
    if report.refuses_training() { Err(PartError::Refused(Box::new(report))) } else { Ok(()) }
}
