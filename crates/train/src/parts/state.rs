//! What is to be computed next, and everything that was computed before.

use matinee_model::{Catalogue, MovieRow};

use super::PartError;
use super::arranged::Arranged;
use super::assignment::Assignment;
use super::block::Block;
use super::pass::Pass;
use super::settings::Settings;
use super::sums::{Added, Sums};
use super::tally::{self, Tally};
use super::users::Users;
use crate::algorithms::on_common_range;
use crate::algorithms::vb::{Counts, Layout, Learner};
use crate::ratings::{CsvFile, Rating, Ratings, Report, read_catalogue};

mod known;
mod saved;

pub(super) use known::Known;

/// The state of the work between two passes: until the movies are counted that of all work, then that of one model.
pub struct State {
    pub(super) settings: Settings,
    pub(super) catalogue: Option<Catalogue>,
    /// The number of passes that are done.
    passes: u64,
    work: Work,
}

/// What the next pass is for.
enum Work {
    /// To count the movies.
    Tally,
    /// To count the ratings that the model learns from.
    Count(Known, Goal),
    /// To learn the model.
    Learn(Known, Goal, Box<Learner>),
    /// Nothing: these models are learned.
    Done(Known, Vec<(Goal, Learner)>),
}

/// The model that is learned.
#[derive(Clone, Copy, PartialEq)]
enum Goal {
    /// The one that is measured: it learns without the hold-out.
    Measured,
    /// The one that is served.
    Served,
}

impl State {
    /// The first state: nothing is known of the ratings. Returns the report about the catalogue too.
    pub fn begin(
        settings: Settings,
        movies: Option<&CsvFile>,
        links: Option<&CsvFile>,
    ) -> Result<(Self, Report), PartError> {
        settings.plan()?;
        let mut report = Report::default();
        let catalogue = read_catalogue(movies, links, &mut report);
        if report.refuses_training() {
            return Err(PartError::Refused(Box::new(report)));
        }
        Ok((Self { settings, catalogue, passes: 0, work: Work::Tally }, report))
    }

    /// Whether no pass is left.
    pub fn is_done(&self) -> bool {
        matches!(self.work, Work::Done(..))
    }

    /// Whether the next pass is over [arranged](Self::arrange) blocks.
    pub fn is_learning(&self) -> bool {
        matches!(self.work, Work::Learn(..))
    }

    /// What the next pass counts in a block.
    pub fn count(&self, block: &Block) -> Result<Sums, PartError> {
        let added = match &self.work {
            Work::Tally => Added::Tally(Tally::of(block, &self.settings)?),
            Work::Count(known, goal) => self.counts(block, known, *goal)?,
            _ => return Err(self.other_step()),
        };
        Ok(Sums { pass: self.pass(), added })
    }

    /// The ratings of a block that the model learns from. They are the same for all passes that learn this model.
    pub fn arrange(&self, block: &Block) -> Result<Arranged, PartError> {
        let Work::Learn(known, goal, learner) = &self.work else { return Err(self.other_step()) };
        Ok(Arranged {
            is_measured: self.pass().is_measured,
            layout: self.layout(block, known, *goal, learner)?,
        })
    }

    /// What the arranged blocks compute in the next pass, if a model is learned.
    pub fn assignment(&self) -> Option<Assignment> {
        let Work::Learn(.., learner) = &self.work else { return None };
        Some(Assignment {
            pass: self.pass(),
            movie_count: learner.facts().movie_count(),
            work: learner.assignment(),
        })
    }

    /// The pass that is next.
    fn pass(&self) -> Pass {
        let is_measured =
            matches!(self.work, Work::Count(_, Goal::Measured) | Work::Learn(_, Goal::Measured, _));
        Pass { number: self.passes, is_measured }
    }

    /// Whether these are sums of the next pass.
    pub fn expects(&self, sums: &Sums) -> bool {
        !self.is_done() && sums.pass == self.pass()
    }

    /// The next state, given the sums of all blocks.
    pub fn solve(self, sums: Sums) -> Result<Self, PartError> {
        if !self.expects(&sums) {
            return Err(PartError::OtherPass);
        }
        let Self { settings, catalogue, passes, work } = self;
        let work = match (work, sums.added) {
            (Work::Tally, Added::Tally(tally)) => {
                let known = Known::new(&tally, &settings, catalogue.as_ref())?;
                let goal = if known.held_out_below > 0.0 { Goal::Measured } else { Goal::Served };
                Work::Count(known, goal)
            }
            (Work::Count(known, goal), Added::Counts { counts, held_out }) => {
                counted(&settings, known, goal, counts, &held_out)?
            }
            (Work::Learn(known, goal, mut learner), Added::Messages(messages)) => {
                let facts = learner.facts();
                let passed =
                    messages.all(&facts.movie_counts, learner.lengths(), facts.rating_count as u64)?;
                learner.take(passed);
                if learner.is_done() {
                    Work::Done(known, vec![(goal, *learner)])
                } else {
                    Work::Learn(known, goal, learner)
                }
            }
            _ => return Err(PartError::OtherPass),
        };
        Ok(Self { settings, catalogue, passes: passes + 1, work })
    }

    /// After the first pass: a state for each model that is learned. Later, only this one.
    pub fn models(self) -> Vec<Self> {
        let Work::Count(known, Goal::Measured) = &self.work else { return vec![self] };
        let work = Work::Count(known.clone(), Goal::Served);
        let (settings, catalogue) = (self.settings.clone(), self.catalogue.clone());
        let served = Self { settings, catalogue, passes: self.passes, work };
        vec![self, served]
    }

    /// The state in which all models are learned, of those of each [model](Self::models), which must be
    /// [done](Self::is_done).
    pub fn join(models: Vec<Self>) -> Result<Self, PartError> {
        let (mut all, mut learners) = (None, Vec::new());
        for model in models {
            let other_step = model.other_step();
            let Self { settings, catalogue, passes, work: Work::Done(known, own) } = model else {
                return Err(other_step);
            };
            learners.extend(own);
            all = Some((settings, catalogue, passes, known));
        }
        learners.sort_by_key(|(goal, _)| *goal == Goal::Served);
        let (settings, catalogue, passes, known) = all.ok_or(PartError::OtherStep("count"))?;
        Ok(Self { settings, catalogue, passes, work: Work::Done(known, learners) })
    }

    /// The rows of the users of a block, when everything is learned.
    pub fn users(&self, block: &Block) -> Result<Users, PartError> {
        let Work::Done(known, learners) = &self.work else { return Err(self.other_step()) };
        let rows = learners
            .iter()
            .map(|(goal, learner)| Ok(learner.user_rows(&self.layout(block, known, *goal, learner)?)));
        Ok(Users(rows.collect::<Result<_, PartError>>()?))
    }

    /// The models that were learned, when all are.
    pub(super) fn into_learned(
        self,
    ) -> Result<(Settings, Option<Catalogue>, Known, Vec<Learner>), PartError> {
        let other_step = self.other_step();
        let Work::Done(known, learners) = self.work else { return Err(other_step) };
        let learners = learners.into_iter().map(|(_, learner)| learner).collect();
        Ok((self.settings, self.catalogue, known, learners))
    }

    fn other_step(&self) -> PartError {
        PartError::OtherStep(match self.work {
            Work::Tally | Work::Count(..) => "count",
            Work::Learn(..) => "arrange` and `pass",
            Work::Done(..) => "users",
        })
    }

    fn counts(&self, block: &Block, known: &Known, goal: Goal) -> Result<Added, PartError> {
        let ratings = self.ratings(block, known, goal)?;
        let movie_count = known.movie_ids.table().len();
        let mut held_out = vec![0; movie_count];
        for rating in &self.ratings(block, known, Goal::Served)? {
            held_out[rating.movie.index()] += 1;
        }
        for rating in &ratings {
            held_out[rating.movie.index()] -= 1;
        }
        let counts = Counts::of(block.users.table().len(), movie_count, ratings.iter());
        Ok(Added::Counts { counts, held_out })
    }

    fn layout(
        &self,
        block: &Block,
        known: &Known,
        goal: Goal,
        learner: &Learner,
    ) -> Result<Layout, PartError> {
        let ratings = self.ratings(block, known, goal)?;
        Ok(Layout::new(block.users.table().len(), &ratings, learner.facts()))
    }

    /// The ratings of a block that a model learns from, with the movies' rows among all movies.
    fn ratings(&self, block: &Block, known: &Known, goal: Goal) -> Result<Ratings, PartError> {
        let all = known.movie_ids.table();
        let row = |id: &str| all.find(id).ok_or_else(|| PartError::OtherBlock(id.to_owned()));
        let rows: Vec<u32> = block.movies.table().iter().map(row).collect::<Result<_, _>>()?;
        let shares = tally::shares(block, &self.settings)?;
        let is_learned = |rating: &Rating| match goal {
            Goal::Measured => shares.of(rating) >= known.held_out_below,
            Goal::Served => true,
        };
        let learned = |rating: Rating| Rating {
            user: rating.user,
            movie: MovieRow(rows[rating.movie.index()]),
            value: on_common_range(rating.value, self.settings.scale),
        };
        Ok(block.ratings.iter().filter(is_learned).map(learned).collect())
    }
}

/// Begins to learn. A model that cannot be measured is not learned: see
/// [`HoldOuts::are_measurable`](crate::evaluation::HoldOuts::are_measurable).
fn counted(
    settings: &Settings,
    known: Known,
    goal: Goal,
    counts: Counts,
    held_out: &[u32],
) -> Result<Work, PartError> {
    if counts.movies.len() != known.listed.len() {
        return Err(PartError::OtherPass);
    }
    let (expected, found) =
        (known.rating_count, counts.movies.iter().chain(held_out).copied().map(u64::from).sum());
    if found != expected {
        return Err(PartError::OtherRatings { expected, found });
    }
    let is_asked = || held_out.iter().zip(&known.listed).any(|(&count, &is_listed)| is_listed && count > 0);
    if goal == Goal::Measured && (counts.is_empty() || !is_asked()) {
        return Ok(Work::Done(known, Vec::new()));
    }
    let learner = Learner::new(known.algorithm(settings)?, counts.into(), &known.groups, settings.seed);
    Ok(Work::Learn(known, goal, Box::new(learner)))
}

impl Goal {
    fn name(self) -> &'static str {
        match self {
            Self::Measured => "learning without the hold-out, to measure the model",
            Self::Served => "learning from all ratings",
        }
    }
}
