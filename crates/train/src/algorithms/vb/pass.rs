//! A pass over the ratings: every user sends a message to the movies that the user rated, and every movie adds up the
//! messages that it gets.
//!
//! Threads take blocks of users. The sums are in fixed point, so they are the same however the users are divided, and in
//! whatever order the parts are added.

use std::ops::{AddAssign, Range};
use std::sync::{Mutex, PoisonError};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::facts::STEP_DIGITS;
use super::layout::{Layout, Observation};
use super::sums::{Shared, Stripe, Sums};

/// What a pass computes for each user.
pub(super) trait Step: Sync {
    /// Memory that is reused between users.
    type Work: Send;

    /// New memory.
    fn work(&self) -> Self::Work;

    /// The number of totals over all users.
    fn totals(&self) -> usize;

    /// The length of the message that is the same for all movies of a user.
    fn message(&self) -> usize;

    /// The length of the message that is multiplied by the rating.
    fn rated_message(&self) -> usize;

    /// The number of sums of each movie, and of totals.
    fn lengths(&self) -> [usize; 2] {
        [self.message() + self.rated_message(), self.totals()]
    }

    /// Computes the messages of a user with ratings.
    fn send(&self, work: &mut Self::Work, ratings: &[Observation], outbox: Outbox<'_>);
}

/// Where a user's messages are written, in [fixed point](super::fixed).
pub(super) struct Outbox<'a> {
    /// To be added to.
    pub(super) totals: &'a mut [i64],
    /// To be overwritten: first the message that is the same for all movies, then the one that is multiplied by the rating.
    pub(super) message: &'a mut [i16],
}

/// What a pass has added up.
pub(crate) struct Passed {
    /// By movie.
    pub(crate) sums: Sums,
    /// Over all users.
    pub(crate) totals: Vec<i64>,
}

/// Runs a pass over the ratings of all these layouts, which have the same movies.
pub(super) fn pass<S: Step>(step: &S, layouts: &[&Layout]) -> Passed {
    let mut sums = Sums::new(&movie_counts(layouts), step.lengths()[0]);
    sums.touch();
    let shared = sums.share();
    // As many as threads that work at the same time.
    let workers = Mutex::new(Vec::new());
    let rating_count = layouts.iter().map(|layout| layout.rating_count()).sum();
    let blocks: Vec<(&Layout, Range<usize>)> = layouts
        .iter()
        .flat_map(|&layout| layout.blocks(rating_count).into_iter().map(move |users| (layout, users)))
        .collect();
    let most_users = blocks.iter().map(|(_, users)| users.len()).max().unwrap_or(0);
    let most_ratings = blocks.iter().map(|(layout, users)| layout.count_of(users.clone())).max().unwrap_or(0);
    blocks.into_par_iter().for_each(|(layout, users)| {
        let idle = workers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker =
            idle.unwrap_or_else(|| Worker::new(step, layout.movie_count(), most_users, most_ratings));
        Arch::new().dispatch(Block { worker: &mut worker, step, layout, users, sums: &shared });
        workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    });
    let mut totals = vec![0_i64; step.totals()];
    for worker in workers.into_inner().unwrap_or_else(PoisonError::into_inner) {
        totals.iter_mut().zip(&worker.totals).for_each(|(total, &part)| *total = total.wrapping_add(part));
    }
    Passed { sums, totals }
}

/// The number of ratings of each movie.
fn movie_counts(layouts: &[&Layout]) -> Vec<u32> {
    let mut all = layouts.iter().map(|layout| layout.movie_counts());
    let mut counts = all.next().unwrap_or_default().to_vec();
    for others in all {
        counts.iter_mut().zip(others).for_each(|(count, more)| *count += more);
    }
    counts
}

/// One block of users.
struct Block<'a, 's, S: Step> {
    worker: &'a mut Worker<S::Work>,
    step: &'a S,
    layout: &'a Layout,
    users: Range<usize>,
    sums: &'a Shared<'s>,
}

impl<S: Step> WithSimd for Block<'_, '_, S> {
    type Output = ();

    /// Sends, sorts and delivers. All loops are left to the compiler, which uses the vectors of the processor here.
    #[inline(always)]
    fn with_simd<V: Simd>(self, _: V) {
        let Self { worker, step, layout, users, sums } = self;
        let first = users.start;
        worker.send(step, layout, users.clone(), sums.width());
        worker.sort(layout, users);
        worker.deliver(sums, step.message(), first);
    }
}

/// What a thread needs for a block of users.
struct Worker<W> {
    work: W,
    totals: Vec<i64>,
    /// Those of one user.
    ratings: Vec<Observation>,
    messages: Vec<i16>,
    /// Where each movie's ratings begin in `senders`, and the last one's end.
    movie_starts: Vec<u32>,
    /// The ratings by movie.
    senders: Vec<Sender>,
}

/// Who rated a movie, and how.
#[derive(Debug, Clone, Copy, Default)]
struct Sender {
    /// The number of the user in the block.
    user: u16,
    /// The rating, in steps.
    steps: i16,
}

impl<W> Worker<W> {
    /// For blocks of at most so many users and ratings.
    fn new<S: Step<Work = W>>(step: &S, movies: usize, users: usize, rating_count: usize) -> Self {
        Self {
            work: step.work(),
            totals: vec![0; step.totals()],
            ratings: Vec::new(),
            messages: Vec::with_capacity(users * step.lengths()[0]),
            movie_starts: vec![0; movies + 2],
            senders: Vec::with_capacity(rating_count),
        }
    }

    /// Computes the messages of the users, and counts the ratings of the movies.
    #[inline(always)]
    fn send<S: Step<Work = W>>(&mut self, step: &S, layout: &Layout, users: Range<usize>, width: usize) {
        let Self { work, totals, ratings, messages, movie_starts, .. } = self;
        messages.resize(users.len() * width, 0);
        // Counted two places further: while the ratings are placed, each start moves to where the next movie begins.
        movie_starts.fill(0);
        for (message, user) in messages.chunks_exact_mut(width).zip(users) {
            ratings.clear();
            for rating in layout.ratings(user) {
                movie_starts[rating.movie as usize + 2] += 1;
                ratings.push(rating);
            }
            if !ratings.is_empty() {
                step.send(work, ratings, Outbox { totals, message });
            }
        }
    }

    /// Arranges the ratings by movie: a counting sort.
    #[inline(always)]
    fn sort(&mut self, layout: &Layout, users: Range<usize>) {
        let Self { movie_starts, senders, .. } = self;
        let mut end = 0;
        for start in &mut movie_starts[2..] {
            end += *start;
            *start = end;
        }
        senders.resize(end as usize, Sender::default());
        for (number, user) in (0..=u16::MAX).zip(users) {
            for Observation { movie, steps } in layout.ratings(user) {
                let place = &mut movie_starts[movie as usize + 1];
                senders[*place as usize] = Sender { user: number, steps };
                *place += 1;
            }
        }
    }

    /// Adds the messages to the sums of the movies. Blocks start at different stripes, so that threads seldom wait for each
    /// other.
    #[inline(always)]
    fn deliver(&mut self, sums: &Shared<'_>, plain_width: usize, first: usize) {
        let Self { messages, movie_starts, senders, .. } = self;
        let width = sums.width();
        let stripes = sums.stripes.len();
        for stripe in (0..stripes).map(|index| (first + index) % stripes) {
            let movies = Shared::movies(stripe, movie_starts.len() - 2);
            if movie_starts[movies.start] == movie_starts[movies.end] {
                continue;
            }
            let mut locked = sums.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner);
            let raters =
                |movie: usize| &senders[movie_starts[movie] as usize..movie_starts[movie + 1] as usize];
            let messages = Messages { numbers: messages, width, plain_width };
            // Loops, and not `for_each`, which would be compiled apart, without the vectors of the processor.
            match &mut *locked {
                Stripe::Short(sums) => {
                    for (movie, sums) in movies.zip(sums.chunks_exact_mut(width)) {
                        messages.add(raters(movie), sums);
                    }
                }
                Stripe::Long(sums) => {
                    for (movie, sums) in movies.zip(sums.chunks_exact_mut(width)) {
                        messages.add(raters(movie), sums);
                    }
                }
            }
        }
    }
}

/// The messages of the users of a block.
#[derive(Clone, Copy)]
struct Messages<'a> {
    numbers: &'a [i16],
    width: usize,
    plain_width: usize,
}

impl Messages<'_> {
    /// Adds the messages of these senders to the sums of a movie. Several at once, because each sum is then read and written
    /// once for all of them.
    #[inline(always)]
    fn add<N: AddAssign + From<i32>>(self, senders: &[Sender], sums: &mut [N]) {
        let (groups, rest) = senders.as_chunks::<4>();
        for group in groups {
            self.add_group(group, sums);
        }
        match *rest {
            [] => {}
            [one] => self.add_group(&[one], sums),
            [one, two] => self.add_group(&[one, two], sums),
            [one, two, three, ..] => self.add_group(&[one, two, three], sums),
        }
    }

    #[inline(always)]
    fn add_group<N: AddAssign + From<i32>, const SENDERS: usize>(
        self,
        senders: &[Sender; SENDERS],
        sums: &mut [N],
    ) {
        let (plain, rated) = sums.split_at_mut(self.plain_width);
        // As long as the sums, which the compiler then knows.
        let (plain_length, rated_length) = (plain.len(), rated.len());
        let message = |sender: &Sender| &self.numbers[usize::from(sender.user) * self.width..][..self.width];
        let messages = senders.each_ref().map(|sender| &message(sender)[..plain_length]);
        for (index, sum) in plain.iter_mut().enumerate() {
            *sum += N::from(messages.iter().map(|message| i32::from(message[index])).sum());
        }
        let messages = senders
            .each_ref()
            .map(|sender| (&message(sender)[plain_length..][..rated_length], i32::from(sender.steps)));
        for (index, sum) in rated.iter_mut().enumerate() {
            *sum +=
                N::from(messages.iter().map(|&(message, steps)| times_rating(message[index], steps)).sum());
        }
    }
}

/// The number times a rating in steps, rounded.
#[inline(always)]
fn times_rating(number: i16, steps: i32) -> i32 {
    const HALF: i32 = 1 << (STEP_DIGITS - 1);
    (i32::from(number) * steps + HALF) >> STEP_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::vb::facts::{Counts, Facts};
    use crate::ratings::{Rating, Ratings};
    use matinee_model::{MovieRow, UserRow};

    /// Sends the number of ratings, and the same to be multiplied by the rating. Counts the users.
    struct Counting;

    impl Step for Counting {
        type Work = ();

        fn work(&self) {}

        fn totals(&self) -> usize {
            1
        }

        fn message(&self) -> usize {
            1
        }

        fn rated_message(&self) -> usize {
            1
        }

        fn send(&self, (): &mut (), ratings: &[Observation], outbox: Outbox<'_>) {
            outbox.totals[0] += 1;
            outbox.message.fill(i16::try_from(ratings.len()).unwrap());
        }
    }

    #[test]
    fn movies_add_up_what_their_raters_send() {
        let pairs = (0..300_u32).flat_map(|user| (0..40_u32).map(move |movie| (user, movie)));
        let ratings: Ratings = pairs
            .filter(|(user, movie)| (user * 7 + movie * 3) % 5 == 0)
            .map(|(user, movie)| Rating {
                user: UserRow(user),
                movie: MovieRow(movie),
                value: if movie % 2 == 0 { 4.0 } else { 2.0 },
            })
            .collect();
        let facts = Facts::from(Counts::of(301, 40, ratings.iter()));
        let Passed { sums, totals } = pass(&Counting, &[&Layout::new(301, &ratings, &facts)]);
        assert_eq!((sums.width(), totals), (2, vec![300]));
        let rows = facts.places.by_place(&(0..40).collect::<Vec<_>>());
        let mut place = 0;
        sums.for_each(|sums| {
            // Every user has eight ratings.
            assert_eq!(sums[0], 8 * i64::from(facts.movie_counts[place]));
            // Every rating is one star above or below the mean of 3.
            let star = if rows[place] % 2 == 0 { 1 } else { -1 };
            assert_eq!(sums[1], sums[0] * star);
            place += 1;
        });
        assert_eq!(place, 40);
    }

    #[test]
    fn products_with_ratings_are_rounded_to_the_nearest_unit() {
        let half = 1 << (STEP_DIGITS - 1);
        let products = [(3, 2 * half, 3), (3, half, 2), (-3, half, -1), (1, half - 1, 0), (-1, half + 1, -1)];
        for (number, steps, expected) in products {
            assert_eq!(times_rating(number, steps), expected, "{number} {steps}");
        }
    }

    #[test]
    fn sums_of_any_number_of_senders_are_the_same_in_short_and_long() {
        // Three users, with a plain number and a rated one each.
        let numbers = [1, 100, 20, -200, 300, i16::MAX];
        let messages = Messages { numbers: &numbers, width: 2, plain_width: 1 };
        let senders = [(0, 4096), (1, -8192), (2, 4096), (0, 0), (2, i16::MAX), (1, 2048)]
            .map(|(user, steps)| Sender { user, steps });
        for count in 0..=senders.len() {
            let (mut short, mut long) = ([5_i32; 2], [5_i64; 2]);
            messages.add(&senders[..count], &mut short);
            messages.add(&senders[..count], &mut long);
            let mut expected = [5; 2];
            for sender in &senders[..count] {
                let [plain, rated] = [0, 1].map(|place| numbers[2 * usize::from(sender.user) + place]);
                expected[0] += i64::from(plain);
                expected[1] += i64::from(times_rating(rated, sender.steps.into()));
            }
            assert_eq!((short.map(i64::from), long), (expected, expected), "{count}");
        }
    }
}
