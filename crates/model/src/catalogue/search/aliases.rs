//! What else a word of a title is called: numbers in digits, letters and Roman, and titles that are abbreviated.

/// Words that mean the same. Roman numbers of one letter come last.
const SAME: [&[&str]; 27] = [
    &["1", "one"],
    &["2", "two", "ii"],
    &["3", "three", "iii"],
    &["4", "four", "iv"],
    &["5", "five"],
    &["6", "six", "vi"],
    &["7", "seven", "vii"],
    &["8", "eight", "viii"],
    &["9", "nine", "ix"],
    &["10", "ten"],
    &["11", "eleven", "xi"],
    &["12", "twelve", "xii"],
    &["13", "thirteen", "xiii"],
    &["1st", "first"],
    &["2nd", "second"],
    &["3rd", "third"],
    &["4th", "fourth"],
    &["5th", "fifth"],
    &["6th", "sixth"],
    &["7th", "seventh"],
    &["8th", "eighth"],
    &["9th", "ninth"],
    &["10th", "tenth"],
    &["dr", "doctor"],
    &["mr", "mister"],
    &["st", "saint"],
    &["vol", "volume"],
];

/// Roman numbers of one letter, which may also be a word: only after another word they are numbers.
const LETTERS: [(&str, [&str; 2]); 3] = [("i", ["1", "one"]), ("v", ["5", "five"]), ("x", ["10", "ten"])];

/// The other words that mean the same as `word`, which comes after another word of its title or not.
pub(super) fn of(word: &str, comes_after: bool) -> Vec<Box<str>> {
    let mut others: Vec<&str> = Vec::new();
    if let Some(same) = SAME.iter().find(|same| same.contains(&word)) {
        others.extend(same.iter().filter(|other| **other != word));
    }
    if comes_after && let Some((_, numbers)) = LETTERS.iter().find(|(letter, _)| *letter == word) {
        others.extend(numbers);
    }
    others.into_iter().map(Box::from).collect()
}
