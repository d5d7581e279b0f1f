//! Many ratings in little memory.

use std::ops::Range;

use matinee_model::{MovieRow, UserRow};

use super::Rating;

/// The binary digits of a movie row, and of the code of a value, in the second word of a rating.
const MOVIE_DIGITS: u32 = 24;
const CODE_DIGITS: u32 = u32::BITS - MOVIE_DIGITS;

/// Ratings in their order. Each takes 8 bytes, unless there are more than 256 different values or 2^24 movie rows: then each
/// takes 12.
#[derive(Debug, Clone)]
pub struct Ratings(Form);

#[derive(Debug, Clone)]
enum Form {
    Coded(Coded),
    Whole(Vec<Rating>),
}

/// Ratings whose value is the number of an entry of a table.
#[derive(Debug, Clone, Default)]
struct Coded {
    values: Vec<f32>,
    /// The user row, and the movie row with the code of the value in the lowest digits.
    words: Vec<[u32; 2]>,
}

impl Coded {
    /// The words of a rating, whose value gets a code. `None` if there is no room for it.
    fn words_of(&mut self, Rating { user, movie, value }: Rating) -> Option<[u32; 2]> {
        let code = self.values.iter().position(|known| known.to_bits() == value.to_bits());
        let code = code.unwrap_or(self.values.len());
        if movie.0 >= 1 << MOVIE_DIGITS || code >= 1 << CODE_DIGITS {
            return None;
        }
        if code == self.values.len() {
            self.values.push(value);
        }
        Some([user.0, movie.0 << CODE_DIGITS | code as u32])
    }
}

/// The rating that these words say.
#[inline]
fn rating(values: &[f32], [user, movie_and_code]: [u32; 2]) -> Rating {
    let code = movie_and_code & ((1 << CODE_DIGITS) - 1);
    Rating {
        user: UserRow(user),
        movie: MovieRow(movie_and_code >> CODE_DIGITS),
        value: values[code as usize],
    }
}

impl Ratings {
    /// No ratings, with memory for so many.
    pub fn with_capacity(count: usize) -> Self {
        Self(Form::Coded(Coded { values: Vec::new(), words: Vec::with_capacity(count) }))
    }

    /// The number of ratings.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Coded(coded) => coded.words.len(),
            Form::Whole(ratings) => ratings.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rating at this index, which must be below [`len`](Self::len).
    #[inline]
    pub fn get(&self, index: usize) -> Rating {
        match &self.0 {
            Form::Coded(Coded { values, words }) => rating(values, words[index]),
            Form::Whole(ratings) => ratings[index],
        }
    }

    /// All ratings in their order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { ratings: self, left: 0..self.len() }
    }

    /// Appends a rating.
    pub fn push(&mut self, rating: Rating) {
        match &mut self.0 {
            Form::Coded(coded) => match coded.words_of(rating) {
                Some(words) => coded.words.push(words),
                None => self.widened().push(rating),
            },
            Form::Whole(ratings) => ratings.push(rating),
        }
    }

    /// Changes every rating.
    pub(crate) fn change(&mut self, change: impl Fn(Rating) -> Rating) {
        for index in 0..self.len() {
            let rating = change(self.get(index));
            match &mut self.0 {
                Form::Coded(coded) => match coded.words_of(rating) {
                    Some(words) => coded.words[index] = words,
                    None => self.widened()[index] = rating,
                },
                Form::Whole(ratings) => ratings[index] = rating,
            }
        }
    }

    /// Keeps the ratings for which `keep` returns `true`, asked in their order. They are not copied to another vector.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Rating) -> bool) {
        match &mut self.0 {
            Form::Coded(Coded { values, words }) => words.retain(|&words| keep(rating(values, words))),
            Form::Whole(ratings) => ratings.retain(|&rating| keep(rating)),
        }
    }

    /// The ratings without codes, from now on.
    fn widened(&mut self) -> &mut Vec<Rating> {
        if let Form::Coded(_) = self.0 {
            self.0 = Form::Whole(self.iter().collect());
        }
        match &mut self.0 {
            Form::Whole(ratings) => ratings,
            Form::Coded(_) => unreachable!("they were changed above"),
        }
    }
}

impl Default for Ratings {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

/// The ratings are the same, in the same order.
impl PartialEq for Ratings {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl Extend<Rating> for Ratings {
    fn extend<T: IntoIterator<Item = Rating>>(&mut self, ratings: T) {
        ratings.into_iter().for_each(|rating| self.push(rating));
    }
}

impl FromIterator<Rating> for Ratings {
    fn from_iter<T: IntoIterator<Item = Rating>>(ratings: T) -> Self {
        let ratings = ratings.into_iter();
        let mut all = Self::with_capacity(ratings.size_hint().0);
        all.extend(ratings);
        all
    }
}

impl<const COUNT: usize> From<[Rating; COUNT]> for Ratings {
    fn from(ratings: [Rating; COUNT]) -> Self {
        ratings.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Ratings {
    type Item = Rating;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// See [`Ratings::iter`].
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    ratings: &'a Ratings,
    left: Range<usize>,
}

impl Iterator for Iter<'_> {
    type Item = Rating;

    #[inline]
    fn next(&mut self) -> Option<Rating> {
        self.left.next().map(|index| self.ratings.get(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rating(user: u32, movie: u32, value: f32) -> Rating {
        Rating { user: UserRow(user), movie: MovieRow(movie), value }
    }

    fn is_coded(ratings: &Ratings) -> bool {
        matches!(ratings.0, Form::Coded(_))
    }

    #[test]
    fn ratings_come_back_as_they_were_in_either_form() {
        let last_movie = (1 << MOVIE_DIGITS) - 1;
        let mut expected: Vec<Rating> = (0..=255_u8)
            .map(|code| rating(u32::MAX - u32::from(code), last_movie, f32::from(code) / 7.0))
            .collect();
        let mut ratings: Ratings = expected.iter().copied().collect();
        assert!(is_coded(&ratings));
        for next in [rating(3, 4, 99.5), rating(5, u32::MAX, 0.0), rating(6, 0, -0.0)] {
            assert_eq!(ratings.iter().collect::<Vec<_>>(), expected);
            expected.push(next);
            ratings.push(next);
            assert!(!is_coded(&ratings));
        }
        assert_eq!((ratings.len(), ratings.get(257)), (259, expected[257]));
        assert_eq!(ratings, expected.into_iter().collect());
    }

    #[test]
    fn a_movie_row_that_is_too_large_for_a_code_is_kept_too() {
        let ratings = Ratings::from([rating(1, 2, 3.0), rating(1, 1 << MOVIE_DIGITS, 3.0)]);
        assert!(!is_coded(&ratings));
        assert_eq!(ratings.iter().map(|rating| rating.movie.0).collect::<Vec<_>>(), [2, 1 << MOVIE_DIGITS]);
    }

    #[test]
    fn ratings_are_changed_and_removed_in_place() {
        let changed = |rows: u32| {
            let mut ratings: Ratings = (0..3).map(|row| rating(row, row, 1.0 + row as f32)).collect();
            ratings.change(|before| rating(before.user.0 + 1, before.movie.0 * rows, before.value / 2.0));
            let mut is_kept = [true, false, true].into_iter();
            ratings.retain(|_| is_kept.next().unwrap());
            ratings
        };
        for rows in [1, 1 << MOVIE_DIGITS] {
            let expected = Ratings::from([rating(1, 0, 0.5), rating(3, 2 * rows, 1.5)]);
            assert_eq!(changed(rows), expected);
            assert_eq!(is_coded(&changed(rows)), rows == 1);
        }
    }
}
