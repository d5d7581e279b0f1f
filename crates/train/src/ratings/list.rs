//! Many ratings in little memory.

use std::fmt::{self, Debug, Formatter};
use std::iter::FusedIterator;
use std::ops::Range;

use matinee_model::{MovieRow, UserRow};

use super::Rating;

/// The second word of a rating is the movie row and, in the lowest digits, the code of the value.
const CODE_DIGITS: u32 = 8;
const MOVIE_DIGITS: u32 = u32::BITS - CODE_DIGITS;

/// Ratings in their order. Each takes 8 bytes. If more than 256 different values or 2^24 movie rows are added, each takes 12 from
/// then on.
#[derive(Clone)]
pub struct Ratings(Form);

#[derive(Clone)]
enum Form {
    Coded(Coded),
    Whole(Vec<Rating>),
}

/// Ratings whose values are in a table.
#[derive(Clone)]
struct Coded {
    /// By code.
    values: Vec<f32>,
    /// The user row, and the movie row with the code of the value.
    words: Vec<[u32; 2]>,
}

impl Coded {
    #[inline]
    fn rating(values: &[f32], [user, movie_and_code]: [u32; 2]) -> Rating {
        Rating {
            user: UserRow(user),
            movie: MovieRow(movie_and_code >> CODE_DIGITS),
            value: values[code(movie_and_code) as usize],
        }
    }

    /// The words of a rating, whose value gets a code if it has none. `None` if there is no room for the value or the movie row.
    fn words_of(&mut self, Rating { user, movie, value }: Rating) -> Option<[u32; 2]> {
        // 0 and -0 have different codes.
        let known = self.values.iter().position(|known| known.to_bits() == value.to_bits());
        let code = known.unwrap_or(self.values.len());
        if !fits(movie.0) || code >= 1 << CODE_DIGITS {
            return None;
        }
        if known.is_none() {
            self.values.push(value);
        }
        Some([user.0, movie.0 << CODE_DIGITS | code as u32])
    }

    /// The ratings without codes, in a vector of the same capacity.
    fn whole(&self) -> Vec<Rating> {
        let mut ratings = Vec::with_capacity(self.words.capacity());
        ratings.extend(self.words.iter().map(|&words| Self::rating(&self.values, words)));
        ratings
    }
}

/// The code in the second word of a rating.
#[inline]
fn code(movie_and_code: u32) -> u32 {
    movie_and_code & ((1 << CODE_DIGITS) - 1)
}

/// Whether there is room for a movie row beside a code.
fn fits(movie: u32) -> bool {
    movie < 1 << MOVIE_DIGITS
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
            Form::Coded(Coded { values, words }) => Coded::rating(values, words[index]),
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
            Form::Coded(coded) => {
                if let Some(words) = coded.words_of(rating) {
                    coded.words.push(words);
                } else {
                    let mut ratings = coded.whole();
                    ratings.push(rating);
                    self.0 = Form::Whole(ratings);
                }
            }
            Form::Whole(ratings) => ratings.push(rating),
        }
    }

    /// Gives every rating other rows: those that the tables have for its user row and its movie row.
    pub(crate) fn renumber(&mut self, users: &[u32], movies: &[u32]) {
        if let Form::Coded(coded) = &self.0
            && !movies.iter().all(|&movie| fits(movie))
        {
            self.0 = Form::Whole(coded.whole());
        }
        match &mut self.0 {
            Form::Coded(Coded { words, .. }) => {
                for [user, movie_and_code] in words {
                    *user = users[*user as usize];
                    let movie = movies[(*movie_and_code >> CODE_DIGITS) as usize];
                    *movie_and_code = movie << CODE_DIGITS | code(*movie_and_code);
                }
            }
            Form::Whole(ratings) => {
                for Rating { user, movie, .. } in ratings {
                    *user = UserRow(users[user.index()]);
                    *movie = MovieRow(movies[movie.index()]);
                }
            }
        }
    }

    /// Keeps the ratings for which `keep` returns `true`, asked in their order. They are not copied to another vector.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Rating) -> bool) {
        match &mut self.0 {
            Form::Coded(Coded { values, words }) => words.retain(|&words| keep(Coded::rating(values, words))),
            Form::Whole(ratings) => ratings.retain(|&rating| keep(rating)),
        }
    }
}

impl Default for Ratings {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Debug for Ratings {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self).finish()
    }
}

/// Equal are the same ratings in the same order.
impl PartialEq for Ratings {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl Extend<Rating> for Ratings {
    fn extend<T: IntoIterator<Item = Rating>>(&mut self, ratings: T) {
        let ratings = ratings.into_iter();
        match &mut self.0 {
            Form::Coded(coded) => coded.words.reserve(ratings.size_hint().0),
            Form::Whole(own) => own.reserve(ratings.size_hint().0),
        }
        ratings.for_each(|rating| self.push(rating));
    }
}

impl FromIterator<Rating> for Ratings {
    fn from_iter<T: IntoIterator<Item = Rating>>(ratings: T) -> Self {
        let mut all = Self::default();
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

    fn nth(&mut self, count: usize) -> Option<Rating> {
        self.left.nth(count).map(|index| self.ratings.get(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl FusedIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_LARGE: u32 = 1 << MOVIE_DIGITS;

    fn rating(user: u32, movie: u32, value: f32) -> Rating {
        Rating { user: UserRow(user), movie: MovieRow(movie), value }
    }

    fn is_coded(ratings: &Ratings) -> bool {
        matches!(ratings.0, Form::Coded(_))
    }

    #[test]
    fn ratings_come_back_as_they_were_in_either_form() {
        let value = |code: u8| if code == 0 { -0.0 } else { f32::from(code - 1) / 7.0 };
        let all = (0..=u8::MAX).map(|code| rating(u32::MAX - u32::from(code), TOO_LARGE - 1, value(code)));
        let mut expected: Vec<Rating> = all.collect();
        let mut ratings: Ratings = expected.iter().copied().collect();
        let bits = |rating: &Rating| (rating.user, rating.movie, rating.value.to_bits());
        for (next, is_still_coded) in
            [(rating(3, 4, 2.0 / 7.0), true), (rating(3, 4, 99.5), false), (rating(5, u32::MAX, 0.5), false)]
        {
            expected.push(next);
            ratings.push(next);
            assert!(ratings.iter().map(|rating| bits(&rating)).eq(expected.iter().map(bits)));
            assert_eq!(is_coded(&ratings), is_still_coded);
        }
        assert_eq!((ratings.len(), ratings.get(257)), (259, expected[257]));
        assert_eq!(ratings.iter().nth(258), Some(expected[258]));
        assert_eq!(ratings, expected.into_iter().collect());
    }

    #[test]
    fn a_movie_row_that_is_too_large_for_a_code_is_kept_too() {
        let ratings = Ratings::from([rating(1, 2, 3.0), rating(1, TOO_LARGE, 3.0)]);
        assert!(!is_coded(&ratings));
        assert_eq!(ratings.iter().map(|rating| rating.movie.0).collect::<Vec<_>>(), [2, TOO_LARGE]);
    }

    #[test]
    fn ratings_are_renumbered_and_removed_in_place() {
        for far in [9, TOO_LARGE] {
            let mut ratings: Ratings = (0..3).map(|row| rating(row, row, 1.0 + row as f32)).collect();
            ratings.renumber(&[5, 6, 7], &[far, 1, 0]);
            assert_eq!(ratings, [rating(5, far, 1.0), rating(6, 1, 2.0), rating(7, 0, 3.0)].into());
            assert_eq!(is_coded(&ratings), far == 9);
            ratings.retain(|rating| rating.value != 2.0);
            assert_eq!(ratings, [rating(5, far, 1.0), rating(7, 0, 3.0)].into());
        }
    }
}
