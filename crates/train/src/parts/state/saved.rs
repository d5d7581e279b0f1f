//! The state as a message.

use matinee_model::Catalogue;

use super::{Goal, Known, State, Work};
use crate::algorithms::vb::Learner;
use crate::parts::PartError;
use crate::parts::block::{restore_ids, save_ids};
use crate::parts::message::Message;
use crate::parts::settings::Settings;
use crate::state::{StateError, StateReader, StateWriter};

impl Message for State {
    const KIND: &'static str = "state";

    /// Begins with `counting`, `learning` or `done`, from which the caller knows what to compute next.
    fn headline(&self) -> String {
        match &self.work {
            Work::Tally | Work::Count(..) => "counting the ratings".to_owned(),
            Work::Learn(_, goal, learner) => {
                format!("{}: {} of {} epochs", goal.name(), learner.epochs_done(), learner.epochs())
            }
            Work::Done(..) => "done".to_owned(),
        }
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.settings.save(state);
        let csv = self.catalogue.as_ref().map(|catalogue| catalogue.to_csv().unwrap_or_default());
        state.value(&csv.map(|csv| String::from_utf8(csv).unwrap_or_default()));
        state.number(self.passes);
        match &self.work {
            Work::Tally => state.number(0),
            Work::Count(known, goal) => {
                state.number(1);
                known.save(state);
                goal.save(state);
            }
            Work::Learn(known, goal, learner) => {
                state.number(2);
                known.save(state);
                goal.save(state);
                learner.save(state);
            }
            Work::Done(known, learners) => {
                state.number(3);
                known.save(state);
                state.number(learners.len() as u64);
                for (goal, learner) in learners {
                    goal.save(state);
                    learner.save(state);
                }
            }
        }
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError> {
        let settings = Settings::restore(state)?;
        let csv: Option<String> = state.value()?;
        let catalogue = csv.map(|csv| Catalogue::parse(csv.as_bytes())).transpose();
        let catalogue = catalogue.map_err(|error| StateError::new(error.to_string()))?;
        let passes = state.number()?;
        let work = match state.number()? {
            0 => Work::Tally,
            1 => {
                let known = Known::restore(state)?;
                let goal = Goal::restore(state)?;
                Work::Count(known, goal)
            }
            2 => {
                let known = Known::restore(state)?;
                let goal = Goal::restore(state)?;
                let learner = Box::new(learner(&settings, &known, state)?);
                Work::Learn(known, goal, learner)
            }
            3 => {
                let known = Known::restore(state)?;
                let models = state.number()?;
                if models > 2 {
                    return Err(StateError::new(format!("it has {models} models")).into());
                }
                let mut learners = Vec::new();
                for _ in 0..models {
                    learners.push((Goal::restore(state)?, learner(&settings, &known, state)?));
                }
                Work::Done(known, learners)
            }
            other => return Err(StateError::new(format!("{other} is not a kind of work")).into()),
        };
        Ok(Self { settings, catalogue, passes, work })
    }
}

fn learner(settings: &Settings, known: &Known, state: &mut StateReader<'_>) -> Result<Learner, PartError> {
    let learner = Learner::restore(known.algorithm(settings)?, &known.groups, settings.seed, state)?;
    if learner.facts().movie_count() != known.listed.len() {
        return Err(StateError::new("its movies do not fit".to_owned()).into());
    }
    Ok(learner)
}

impl Known {
    fn save(&self, state: &mut StateWriter<'_>) {
        save_ids(&self.movie_ids, state);
        state.whole_numbers(self.listed.iter().map(|&is_listed| u32::from(is_listed)));
        state.number(self.groups.len() as u64);
        for group in &self.groups {
            state.number(group.len() as u64);
            for movies in group {
                state.whole_numbers(movies.iter().copied());
            }
        }
        state.number(self.rating_count);
        state.real(self.held_out_below);
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let movie_ids = restore_ids(state)?;
        let listed: Vec<bool> = state.whole_numbers()?.into_iter().map(|is_listed| is_listed == 1).collect();
        let mut groups: Vec<Vec<Vec<u32>>> = Vec::new();
        for _ in 0..state.number()? {
            let attributes = 0..state.number()?;
            groups.push(attributes.map(|_| state.whole_numbers()).collect::<Result<_, _>>()?);
        }
        let count = movie_ids.table().len();
        let mut rows = groups.iter().flatten().flatten();
        if listed.len() != count || !rows.all(|&movie| (movie as usize) < count) {
            return Err(StateError::new("its movies do not fit".to_owned()));
        }
        Ok(Self { movie_ids, listed, groups, rating_count: state.number()?, held_out_below: state.real()? })
    }
}

impl Goal {
    fn save(self, state: &mut StateWriter<'_>) {
        state.number(u64::from(self == Self::Served));
    }

    fn restore(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(if state.number()? == 1 { Self::Served } else { Self::Measured })
    }
}
