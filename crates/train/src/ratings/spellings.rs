//! Ids that occur in two spellings. Each spelling would become a user or a movie of its own.
//!
//! Data frames write `1` as `1.0` if a column has missing values, and programs that treat ids as text may pad them:
//! `01`. If both spellings occur, some of a user's ratings would belong to another user.

use hashbrown::HashMap;

use super::{Fault, FaultKind, Report};

/// Why an id has a fraction.
const FRACTION: &str = "a fraction, as data frames write whole numbers in a column with missing values";

/// Reports rated movies whose ids occur in two spellings, unless both are in the catalogue. Each id comes with its number
/// of ratings.
pub(super) fn report_movies(
    file: &str,
    ids: &[(&str, u64)],
    are_listed: impl Fn(&str, &str) -> bool,
    report: &mut Report,
) {
    if let Some(detail) = detail("movies", ids, are_listed) {
        report.add(FaultKind::TwoSpellings, || Fault { file: file.to_owned(), line: 0, detail });
    }
}

/// Reports users whose ids occur in two spellings. Notes ids with a fraction, because callers would not expect it.
pub(super) fn report_users(file: &str, ids: &[(&str, u64)], report: &mut Report) {
    if let Some(detail) = detail("users", ids, |_, _| false) {
        report.add(FaultKind::TwoSpellings, || Fault { file: file.to_owned(), line: 0, detail });
    } else if let Some(note) = note(ids.iter().map(|(id, _)| *id)) {
        report.note(file, &note);
    }
}

/// Says that ids differ only by a fraction of zeros or by leading zeros, and shows two of them. `None` if no ids do. Each
/// id comes with its number of ratings. `what` is what the ids name, in the plural. Ids that `are_distinct` are two things.
fn detail(what: &str, ids: &[(&str, u64)], are_distinct: impl Fn(&str, &str) -> bool) -> Option<String> {
    let mut firsts: HashMap<&str, (&str, u64)> = HashMap::new();
    let mut pairs = 0_u64;
    let mut shown = None;
    for &(id, count) in ids {
        let Some(number) = number(id) else { continue };
        match firsts.get(number) {
            None => {
                firsts.insert(number, (id, count));
            }
            Some(&(first, _)) if are_distinct(first, id) => {}
            Some(&(first, first_count)) => {
                pairs += 1;
                shown.get_or_insert((first, first_count, id, count));
            }
        }
    }
    let (one, one_count, other, other_count) = shown?;
    let cause = if one.contains('.') == other.contains('.') { "leading zeros" } else { FRACTION };
    Some(format!(
        "the {what} `{one}` ({one_count} ratings) and `{other}` ({other_count} ratings) look like one: the ids differ by \
         {cause}; {pairs} of {} ids are another spelling of an earlier one; write each id in one way",
        ids.len()
    ))
}

/// The note about users whose ids have a fraction. `None` if no id has one.
fn note<'a>(ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let (mut all, mut with_fraction, mut shown) = (0_u64, 0_u64, None);
    for id in ids {
        all += 1;
        if without_fraction(id).is_some() {
            with_fraction += 1;
            shown.get_or_insert(id);
        }
    }
    let id = shown?;
    Some(format!(
        "{with_fraction} of {all} users have {FRACTION}: request `{id}` exactly so, or write the ids without the fraction"
    ))
}

/// The whole number that an id is, without its leading zeros. `None` if it is not a whole number.
fn number(id: &str) -> Option<&str> {
    let whole = without_fraction(id).unwrap_or(id);
    let digits = whole.trim_start_matches('0');
    let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| if digits.is_empty() { &whole[whole.len() - 1..] } else { digits })
}

/// `21` of `21.0`
pub(super) fn without_fraction(id: &str) -> Option<&str> {
    let (whole, fraction) = id.split_once('.')?;
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (are_digits(whole) && are_digits(fraction) && fraction.bytes().all(|byte| byte == b'0')).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(ids: &[(&str, u64)]) -> Option<String> {
        detail("users", ids, |_, _| false)
    }

    #[test]
    fn two_spellings_of_an_id_are_reported_with_their_counts() {
        let detail = users(&[("1", 10), ("2", 5), ("1.0", 12), ("2.0", 7), ("3.0", 1)]).unwrap();
        assert_eq!(
            detail,
            "the users `1` (10 ratings) and `1.0` (12 ratings) look like one: the ids differ by a fraction, as data frames \
             write whole numbers in a column with missing values; 2 of 5 ids are another spelling of an earlier one; \
             write each id in one way"
        );
        for ids in [["7", "007"], ["0", "00"], ["01.0", "1.00"]] {
            let detail = users(&ids.map(|id| (id, 1))).unwrap();
            assert!(detail.contains("leading zeros") && ids.iter().all(|id| detail.contains(id)), "{detail}");
        }
    }

    #[test]
    fn other_ids_are_distinct() {
        let ids = ["1", "10", "100", "1.5", "x1", "x01", "x1.0", "1.", ".0", "", "0.0", "-1", "+1", "1e0"];
        assert_eq!(users(&ids.map(|id| (id, 1))), None);
        assert_eq!(detail("movies", &[("1", 1), ("01", 1)], |_, _| true), None);
    }

    #[test]
    fn ids_with_a_fraction_alone_are_noted() {
        assert!(note(["1.0", "2.0"].into_iter()).unwrap().contains("request `1.0` exactly so"));
        assert!(note(["1", "2.0"].into_iter()).unwrap().starts_with("1 of 2 users"));
        assert_eq!(note(["1", "1.5", "x.0", "007"].into_iter()), None);
    }
}
