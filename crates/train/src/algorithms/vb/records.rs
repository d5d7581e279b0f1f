//! What users read of each movie, mostly from main memory. So it is as small as possible, and in one place.

use std::hint::black_box;

use rayon::prelude::*;

use super::movies::{Movies, row};
use super::sets::Search;
use super::shape::Shape;
use crate::state::{StateError, StateReader, StateWriter};

/// Words of a covariance that are added at the same time.
const PADDING: usize = 8;
/// The words that a processor fetches at once.
const CACHE_LINE: usize = 64 / size_of::<i16>();
/// Vectors that have a unit: the mean, what is added to prior means, and the halves of the direction.
const VECTORS: usize = 4;
/// The units of the vectors, that of the covariance, and the weight.
const REALS: usize = VECTORS + 2;
/// An `f32` takes two words.
const WORDS: usize = 2;

/// A record for each movie.
pub(super) struct Records {
    shape: Shape,
    words: Vec<i16>,
    /// Where the first record begins, so that records begin where cache lines do.
    start: usize,
}

/// What users read of one movie. Numbers are in units.
pub(super) struct Record<'a> {
    pub(super) mean: &'a [i16],
    /// What the movie adds to the prior means of its raters.
    pub(super) rated: &'a [i16],
    /// Both halves of the direction of the [sets](Search).
    pub(super) direction: [&'a [i16]; 2],
    /// The packed covariance, two entries in a word: see [`entries`].
    pub(super) covariance: &'a [i16],
    pub(super) mean_unit: f32,
    pub(super) rated_unit: f32,
    pub(super) direction_units: [f32; 2],
    pub(super) covariance_unit: f32,
    /// The weight of the movie in the posterior precision of `t_u`.
    pub(super) weight: f32,
}

impl Records {
    fn new(shape: Shape, movie_count: usize) -> Self {
        let words = vec![0; movie_count * width(shape) + CACHE_LINE];
        let start = words.as_ptr().align_offset(CACHE_LINE * size_of::<i16>()).min(CACHE_LINE);
        Self { shape, words, start }
    }

    /// The records of all movies. `rated` is what each movie adds to the prior means of its raters: movies x order.
    pub(super) fn of(movies: &Movies, rated: &[f32], search: &Search<'_>) -> Self {
        let shape = movies.shape();
        let order = shape.order();
        let mut records = Self::new(shape, rated.len() / order);
        let write = |direction: &mut Vec<f32>, (movie, words): (usize, &mut [i16])| {
            let movie = movie as u32;
            let weight = search.write(movie, direction);
            let (first, second) = direction.split_at(order);
            let contents = Contents {
                vectors: [movies.mean(movie), row(rated, movie, order), first, second],
                covariance: movies.covariance(movie),
                covariance_unit: movies.unit(movie),
                weight,
            };
            contents.write(words);
        };
        let rows = records.words_mut().par_chunks_exact_mut(width(shape));
        rows.enumerate().for_each_init(|| vec![0.0; 2 * order], write);
        records
    }

    /// The record of a movie.
    #[inline(always)]
    pub(super) fn record(&self, movie: u32) -> Record<'_> {
        let order = self.shape.order();
        let (mean, rest) = self.row(movie).split_at(order);
        let (rated, rest) = rest.split_at(order);
        let (first, rest) = rest.split_at(order);
        let (second, rest) = rest.split_at(order);
        let (reals, rest) = rest.split_at(REALS * WORDS);
        let real = |index: usize| real_of([reals[WORDS * index], reals[WORDS * index + 1]]);
        Record {
            mean,
            rated,
            direction: [first, second],
            covariance: &rest[..covariance_words(self.shape)],
            mean_unit: real(0),
            rated_unit: real(1),
            direction_units: [real(2), real(3)],
            covariance_unit: real(4),
            weight: real(5),
        }
    }

    /// Reads the records of some movies into the cache. The processor waits for all of them at once, and not for each when
    /// it is needed.
    #[inline(always)]
    pub(super) fn fetch(&self, movies: impl Iterator<Item = u32>) {
        let mut words = 0;
        for movie in movies {
            for word in self.row(movie).iter().step_by(CACHE_LINE) {
                words ^= word;
            }
        }
        black_box(words);
    }

    #[inline(always)]
    fn row(&self, movie: u32) -> &[i16] {
        row(self.words(), movie, width(self.shape))
    }

    #[inline(always)]
    fn words(&self) -> &[i16] {
        &self.words[self.start..self.start + self.words.len() - CACHE_LINE]
    }

    fn words_mut(&mut self) -> &mut [i16] {
        let place = self.start..self.start + self.words.len() - CACHE_LINE;
        &mut self.words[place]
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.short_numbers(self.words().iter().map(|word| word.cast_unsigned()));
    }

    /// Reads what [`save`](Self::save) wrote of so many movies.
    pub(super) fn of_state(
        shape: Shape,
        movie_count: usize,
        state: &mut StateReader<'_>,
    ) -> Result<Self, StateError> {
        let words = state.short_numbers()?;
        if Some(words.len()) != movie_count.checked_mul(width(shape)) {
            return Err(StateError::new("it has other movies or factors".to_owned()));
        }
        let mut records = Self::new(shape, movie_count);
        records.words_mut().iter_mut().zip(words).for_each(|(to, word)| *to = word.cast_signed());
        Ok(records)
    }
}

/// What a record says.
pub(super) struct Contents<'a> {
    /// The mean, what is added to prior means, and the halves of the direction.
    pub(super) vectors: [&'a [f32]; VECTORS],
    /// In its unit.
    pub(super) covariance: &'a [i8],
    pub(super) covariance_unit: f32,
    pub(super) weight: f32,
}

impl Contents<'_> {
    fn write(&self, words: &mut [i16]) {
        let order = self.vectors[0].len();
        let (vectors, rest) = words.split_at_mut(VECTORS * order);
        let (reals, covariance) = rest.split_at_mut(REALS * WORDS);
        let mut units = [0.0; VECTORS];
        for ((to, vector), unit) in vectors.chunks_exact_mut(order).zip(self.vectors).zip(&mut units) {
            *unit = write_in_units(vector, to);
        }
        let numbers = units.into_iter().chain([self.covariance_unit, self.weight]);
        for (to, number) in reals.chunks_exact_mut(WORDS).zip(numbers) {
            to.copy_from_slice(&words_of(number));
        }
        let length = covariance_words(Shape { factors: order - 1 });
        write_entries(self.covariance, &mut covariance[..length]);
    }
}

/// The words of a record: whole cache lines.
fn width(shape: Shape) -> usize {
    (VECTORS * shape.order() + REALS * WORDS + covariance_words(shape)).next_multiple_of(CACHE_LINE)
}

/// The words of a covariance, padded to whole vectors.
pub(super) fn covariance_words(shape: Shape) -> usize {
    shape.covariance().div_ceil(2).next_multiple_of(PADDING)
}

/// Writes a vector in whole units, so that the largest entry fits. Returns the unit.
fn write_in_units(vector: &[f32], words: &mut [i16]) -> f32 {
    let largest = vector.iter().fold(0.0_f32, |largest, entry| largest.max(entry.abs()));
    // `max` would hide what is not a number.
    let is_finite = vector.iter().all(|entry| entry.is_finite());
    let unit = if is_finite { largest / f32::from(i16::MAX) } else { f32::NAN };
    let scale = if unit > 0.0 { unit.recip() } else { 0.0 };
    for (to, entry) in words.iter_mut().zip(vector) {
        let number = entry * scale;
        *to = (number + 0.5_f32.copysign(number)) as i16;
    }
    unit
}

fn words_of(number: f32) -> [i16; WORDS] {
    let bits = number.to_bits();
    [bits as i16, (bits >> 16) as i16]
}

#[inline(always)]
fn real_of([lower, upper]: [i16; WORDS]) -> f32 {
    f32::from_bits(u32::from(upper.cast_unsigned()) << 16 | u32::from(lower.cast_unsigned()))
}

/// Writes small numbers, two in a word: one for each word in the lower byte, and the rest beside them. What is missing is zero.
fn write_entries(numbers: &[i8], words: &mut [i16]) {
    let number = |place: usize| numbers.get(place).map_or(0, |number| number.cast_unsigned());
    let half = words.len();
    for (place, word) in words.iter_mut().enumerate() {
        *word = i16::from_le_bytes([number(place), number(half + place)]);
    }
}

/// The two numbers in a word.
#[inline(always)]
pub(super) fn entries(word: i16) -> [i16; 2] {
    [word << 8 >> 8, word >> 8]
}

#[cfg(test)]
impl Records {
    /// Records that say this.
    pub(super) fn of_contents(shape: Shape, contents: &[Contents<'_>]) -> Self {
        let mut records = Self::new(shape, contents.len());
        let rows = records.words_mut().chunks_exact_mut(width(shape));
        rows.zip(contents).for_each(|(words, contents)| contents.write(words));
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        let vectors = [&[0.5, -2.0][..], &[0.0, 0.0], &[1e-9, 3e-9], &[7.0, 2.0]];
        let contents = |weight| Contents { vectors, covariance: &[3, -4, 127], covariance_unit: 0.1, weight };
        Records::of_contents(Shape { factors: 1 }, &[contents(0.25), contents(0.5)])
    }

    #[test]
    fn records_say_what_was_written_up_to_half_a_unit() {
        let records = records();
        let record = records.record(1);
        let near = |numbers: &[i16], unit: f32, expected: [f32; 2]| {
            let largest = expected[0].abs().max(expected[1].abs());
            assert!(unit <= largest / 32767.0);
            for (&number, expected) in numbers.iter().zip(expected) {
                assert!(
                    (unit * f32::from(number) - expected).abs() <= 0.51 * unit,
                    "{number} {unit} {expected}"
                );
            }
        };
        near(record.mean, record.mean_unit, [0.5, -2.0]);
        near(record.rated, record.rated_unit, [0.0, 0.0]);
        near(record.direction[0], record.direction_units[0], [1e-9, 3e-9]);
        near(record.direction[1], record.direction_units[1], [7.0, 2.0]);
        assert_eq!((record.covariance_unit, record.weight), (0.1, 0.5));
        let covariance: Vec<[i16; 2]> = record.covariance.iter().map(|&word| entries(word)).collect();
        assert_eq!(covariance, [[3, 0], [-4, 0], [127, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]);
    }

    #[test]
    fn a_word_has_two_entries() {
        let mut words = [0; 4];
        write_entries(&[1, -2, 3, 127, -127, 5], &mut words);
        assert_eq!(words.map(entries), [[1, -127], [-2, 5], [3, 0], [127, 0]]);
    }

    #[test]
    fn records_are_read_back_and_begin_where_cache_lines_do() {
        let mut records = records();
        let mut bytes = Vec::new();
        let mut writer = StateWriter::new(&mut bytes);
        records.save(&mut writer);
        writer.finish().unwrap();
        assert_eq!(records.words_mut().len(), 2 * width(records.shape));
        let read = |count| {
            Records::of_state(records.shape, count, &mut StateReader::new(&bytes[..], bytes.len() as u64))
        };
        let found = read(2).unwrap();
        for movie in 0..2 {
            assert_eq!(found.row(movie), records.row(movie));
            assert_eq!(found.row(movie).as_ptr().align_offset(CACHE_LINE * size_of::<i16>()), 0);
        }
        assert!(read(1).is_err() && read(3).is_err() && read(usize::MAX).is_err());
    }
}
