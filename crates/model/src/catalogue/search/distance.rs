//! How far a word is from another.

/// The edit distances (optimal string alignment) from a word that is sought to others: the number of letters to insert,
/// delete, replace or swap with their neighbour.
pub(super) struct Distance {
    sought: Vec<char>,
    limit: usize,
    may_differ_at_first: bool,
    /// Rows of the table, reused between words.
    before: Vec<usize>,
    last: Vec<usize>,
    next: Vec<usize>,
    letters: Vec<char>,
}

impl Distance {
    /// Distances from `sought` up to `limit`. The first letter must be right, unless it `may_differ_at_first`: errors
    /// there are rare, and this excludes unrelated words.
    pub(super) fn between(sought: Vec<char>, limit: usize, may_differ_at_first: bool) -> Self {
        let [before, last, next] = [Vec::new(), Vec::new(), Vec::new()];
        Self { sought, limit, may_differ_at_first, before, last, next, letters: Vec::new() }
    }

    /// The distance to `word`, and to its nearest prefix. Any number above the limit if it is larger than the limit.
    pub(super) fn to(&mut self, word: &str) -> (usize, usize) {
        let Self { sought, limit, may_differ_at_first, before, last, next, letters } = self;
        let far = *limit + 1;
        let mut rest = word.chars();
        letters.clear();
        letters.extend(rest.by_ref().take(sought.len() + *limit));
        let differs_at_first = letters.first() != sought.first() && !*may_differ_at_first;
        if differs_at_first || letters.len() + *limit < sought.len() {
            return (far, far);
        }
        last.clear();
        last.extend(0..=letters.len());
        before.clone_from(last);
        for (i, letter) in sought.iter().enumerate() {
            next.clear();
            next.push(i + 1);
            for (j, other) in letters.iter().enumerate() {
                let mut least =
                    (last[j] + usize::from(letter != other)).min(last[j + 1] + 1).min(next[j] + 1);
                if i > 0 && j > 0 && *letter == letters[j - 1] && sought[i - 1] == *other {
                    least = least.min(before[j - 1] + 1);
                }
                next.push(least);
            }
            std::mem::swap(before, last);
            std::mem::swap(last, next);
        }
        let is_longer = rest.next().is_some();
        let whole = if is_longer { far } else { last.last().copied().unwrap_or(far) };
        (whole, last.iter().copied().min().unwrap_or(far))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The distance by its definition, starting from the last letters.
    fn optimal_string_alignment(a: &[char], b: &[char]) -> usize {
        let ([a_start @ .., a_last], [b_start @ .., b_last]) = (a, b) else { return a.len() + b.len() };
        let replaced = optimal_string_alignment(a_start, b_start) + usize::from(a_last != b_last);
        let left_out = optimal_string_alignment(a_start, b).min(optimal_string_alignment(a, b_start)) + 1;
        let swapped = match (a_start, b_start) {
            ([a_start @ .., a_before], [b_start @ .., b_before])
                if a_before == b_last && a_last == b_before =>
            {
                optimal_string_alignment(a_start, b_start) + 1
            }
            _ => usize::MAX,
        };
        replaced.min(left_out).min(swapped)
    }

    proptest! {
        #[test]
        fn the_distance_is_that_of_the_nearest_prefix(words in prop::collection::vec(("[ab]{1,4}", "[abc]{1,6}"), 3), limit in 1_usize..3) {
            for (sought, word) in words {
                let (sought, letters): (Vec<char>, Vec<char>) = (sought.chars().collect(), word.chars().collect());
                let (whole, found) = Distance::between(sought.clone(), limit, false).to(&word);
                let beginnings = (0..=letters.len()).map(|end| optimal_string_alignment(&sought, &letters[..end]));
                let nearest = beginnings.min().filter(|_| sought[0] == letters[0]).unwrap_or(usize::MAX);
                prop_assert_eq!(found.min(limit + 1), nearest.min(limit + 1));
                let expected = Some(optimal_string_alignment(&sought, &letters)).filter(|_| sought[0] == letters[0]);
                prop_assert_eq!(whole.min(limit + 1), expected.unwrap_or(usize::MAX).min(limit + 1));
            }
        }
    }
}
