//! Marks as they are sent, and the times at which those without a time count.

use matinee_model::{MovieId, UserId};

use crate::{Mark, Moment, Outcome, RatingStore, StoreError, Write};

/// How often a mark without a time is given a later one. Each time, another request has written in between.
const MAX_RETRIES: usize = 3;

/// A mark that somebody sends.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMark {
    /// Who says it.
    pub user: UserId,
    /// About which movie.
    pub movie: MovieId,
    /// What.
    pub mark: Mark,
    /// When. A mark without a time is from now, and later than all that was kept of its user and movie before, even if
    /// clocks differ.
    pub time: Option<Moment>,
}

/// What became of a [`NewMark`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The time that the mark has.
    pub time: Moment,
    /// What became of it.
    pub outcome: Outcome,
}

impl NewMark {
    fn at(&self, time: Moment) -> Write {
        Write { user: self.user.clone(), movie: self.movie.clone(), mark: self.mark, time }
    }
}

/// Keeps marks, and says of each, in their order, what became of it.
pub(crate) async fn keep(store: &dyn RatingStore, marks: &[NewMark]) -> Vec<Result<Answer, StoreError>> {
    let now = Moment::now();
    let first = marks.iter().map(|mark| mark.at(mark.time.unwrap_or(now))).collect();
    let mut answers = answers(store, first).await;
    for _ in 0..MAX_RETRIES {
        let (indices, again): (Vec<usize>, Vec<Write>) = marks
            .iter()
            .enumerate()
            .filter(|(_, mark)| mark.time.is_none())
            .filter_map(|(index, mark)| Some((index, mark.at(next_time(answers[index].as_ref().ok()?)?))))
            .unzip();
        if again.is_empty() {
            break;
        }
        for (index, answer) in indices.into_iter().zip(self::answers(store, again).await) {
            answers[index] = answer;
        }
    }
    answers
}

async fn answers(store: &dyn RatingStore, writes: Vec<Write>) -> Vec<Result<Answer, StoreError>> {
    let times: Vec<Moment> = writes.iter().map(|write| write.time).collect();
    let outcomes = store.keep(writes).await.into_iter();
    outcomes.zip(times).map(|(outcome, time)| outcome.map(|outcome| Answer { time, outcome })).collect()
}

/// The earliest time at which a mark counts that was not kept because of its time.
fn next_time(answer: &Answer) -> Option<Moment> {
    match answer.outcome {
        Outcome::Created | Outcome::Replaced => None,
        Outcome::Outdated { time, .. } => Some(time),
        Outcome::Forgotten(Moment(milliseconds)) => Some(Moment(milliseconds + 1)),
    }
}
