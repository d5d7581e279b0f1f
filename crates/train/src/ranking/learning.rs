//! Trains the ranking head step by step, so that it can be interrupted and resumed.
//!
//! The methods are compared first. Only the best one is then trained on all ratings. A step is an epoch of `ials`, or all
//! of `ease`, which takes seconds.

use std::collections::BTreeMap;

use matinee_model::artifact::Ranking;
use matinee_model::ranking::{RankingHead, RankingMethod, RankingWeights, Recency};

use super::comparison::{Comparison, recencies};
use super::ials::Ials;
use super::{RankedHead, RankingTraining};
use crate::progress::Progress;
use crate::state::{StateError, StateReader, StateWriter};

/// An unfinished training of the ranking head.
pub(crate) struct RankingRun<'a> {
    training: RankingTraining<'a>,
    methods: Vec<RankingMethod>,
    /// The number of methods that are compared already.
    compared: usize,
    candidates: BTreeMap<String, Ranking>,
    /// The unfinished factors of `ials`.
    ials: Option<Ials>,
}

impl<'a> RankingRun<'a> {
    /// Begins with all of these ratings. Whoever wants to learn from a sample gives it as the training.
    pub(crate) fn begin(training: RankingTraining<'a>) -> Self {
        let training = RankingTraining { sampling: None, ..training };
        let methods = training.methods();
        Self { training, methods, compared: 0, candidates: BTreeMap::new(), ials: None }
    }

    /// Does the remaining steps. After each step, `pass` can save the run, or end it with an error.
    pub(crate) fn complete<E>(
        mut self,
        progress: &dyn Progress,
        mut pass: impl FnMut(&Self) -> Result<(), E>,
    ) -> Result<RankedHead, E> {
        self.compare(progress, &mut pass)?;
        let ((method, recency), training) = (self.best(), self.training);
        progress.stage(&format!("learning the ranking head from all ratings by {}", method.name()));
        let weights = self.learn(method, &training, progress, &mut pass)?;
        let head = RankingHead { method, recency, candidates: self.candidates };
        Ok(RankedHead { head, weights })
    }

    /// Compares the remaining methods, unless there is no liked movie in the hold-out.
    pub(super) fn compare<E>(
        &mut self,
        progress: &dyn Progress,
        pass: &mut impl FnMut(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.compared == self.methods.len() {
            return Ok(());
        }
        let training = self.training;
        let Some(comparison) = Comparison::new(&training) else { return Ok(()) };
        while let Some(&method) = self.methods.get(self.compared) {
            progress.stage(&format!("learning the ranking head by {}, to compare", method.name()));
            let weights = self.learn(method, &comparison.training(), progress, pass)?;
            self.candidates.extend([comparison.popularity()]);
            self.candidates.extend(comparison.of(method, weights.view()));
            self.compared += 1;
            pass(self)?;
        }
        Ok(())
    }

    /// The candidate with the highest NDCG@10; the first of them if there are several.
    pub(super) fn best(&self) -> (RankingMethod, Option<Recency>) {
        let fading = recencies(&self.training);
        let all =
            self.methods.iter().flat_map(|&method| fading.iter().map(move |&recency| (method, recency)));
        let ndcg = |&(method, recency): &(RankingMethod, Option<Recency>)| {
            self.candidates.get(&method.name_with(recency)).map_or(0.0, |found| found.ndcg_at_10)
        };
        let mut best = None;
        for candidate in all {
            if best.as_ref().is_none_or(|best| ndcg(&candidate) > ndcg(best)) {
                best = Some(candidate);
            }
        }
        best.unwrap_or_else(|| (super::ials::method_for(self.training.movie_count), None))
    }

    fn learn<E>(
        &mut self,
        method: RankingMethod,
        training: &RankingTraining<'_>,
        progress: &dyn Progress,
        pass: &mut impl FnMut(&Self) -> Result<(), E>,
    ) -> Result<RankingWeights, E> {
        let RankingMethod::Ials { epochs, .. } = method else { return Ok(training.learn_by(method)) };
        let signals = training.signals();
        progress.begin_steps(epochs as usize);
        loop {
            let ials = self.ials.get_or_insert_with(|| Ials::begin(&signals, method, training.seed));
            if ials.is_done() {
                break;
            }
            ials.epoch(&signals);
            progress.step(ials.epochs_done());
            pass(self)?;
        }
        Ok(self.ials.take().map_or_else(|| training.learn_by(method), Ials::into_weights))
    }

    /// Writes the state that steps change.
    pub(crate) fn save(&self, state: &mut StateWriter<'_>) {
        state.number(self.compared as u64);
        save_candidates(&self.candidates, state);
        state.number(u64::from(self.ials.is_some()));
        if let Some(ials) = &self.ials {
            ials.save(state);
        }
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(crate) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.compared = state.number()? as usize;
        self.candidates = restore_candidates(state)?;
        if state.number()? == 1 {
            let method = super::ials::method_for(self.training.movie_count);
            self.ials = Some(Ials::restore(method, self.training.movie_count, state)?);
        }
        Ok(())
    }
}

/// Writes the results exactly.
pub(super) fn save_candidates(candidates: &BTreeMap<String, Ranking>, state: &mut StateWriter<'_>) {
    state.value(&candidates.keys().collect::<Vec<_>>());
    for found in candidates.values() {
        state.real(found.ndcg_at_10);
        state.real(found.recall_at_20);
    }
}

pub(super) fn restore_candidates(
    state: &mut StateReader<'_>,
) -> Result<BTreeMap<String, Ranking>, StateError> {
    let names: Vec<String> = state.value()?;
    let figures = |name| Ok((name, Ranking { ndcg_at_10: state.real()?, recall_at_20: state.real()? }));
    names.into_iter().map(figures).collect()
}
