//! Detects ratings and catalogues that do not belong together: they are about different movies, or they write the ids in
//! different ways.
//!
//! It is normal that some of the rated movies are not in the catalogue: titles come and go, ratings stay. But if most
//! ratings are for movies that nobody can ask for, the model can only guess the others, while its hold-out looks good. So
//! the data are refused if less than half of the ratings are for movies in the catalogue. They are also refused if another
//! 10 % of the ratings would match the catalogue with differently written ids, because then the cause is known.

use matinee_model::Catalogue;

use super::spellings::without_fraction;

/// A way in which programs change ids.
struct Spelling {
    /// What was added to the ids.
    cause: &'static str,
    /// The id without the addition. `None` if it does not have it.
    undo: fn(&str) -> Option<&str>,
}

/// The changes that are recognised, on either side.
const SPELLINGS: [Spelling; 3] = [
    Spelling {
        cause: "a fraction, as data frames write whole numbers in columns with missing values",
        undo: without_fraction,
    },
    Spelling { cause: "leading zeros", undo: without_zeros },
    Spelling { cause: "the prefix of IMDb ids", undo: without_prefix },
];

/// Describes the mismatch between the rated movies (by id, with their numbers of ratings) and the catalogue, with an id of
/// each side. `None` if they belong together.
pub(super) fn detail(rated: &[(&str, u64)], catalogue: &Catalogue) -> Option<String> {
    let all: u64 = rated.iter().map(|(_, count)| count).sum();
    let table = catalogue.ids();
    let strange: Vec<(&str, u64)> =
        rated.iter().copied().filter(|(id, _)| table.find(id).is_none()).collect();
    let strangers: u64 = strange.iter().map(|(_, count)| count).sum();
    let respelt = SPELLINGS.iter().filter_map(|spelling| Respelt::find(spelling, &strange, catalogue));
    let respelt = respelt.max_by_key(|respelt| respelt.count);
    let is_respelt = respelt.as_ref().is_some_and(|respelt| respelt.count * 10 >= all);
    if strangers == 0 || (strangers * 2 <= all && !is_respelt) {
        return None;
    }
    let summary = format!("{strangers} of {all} ratings are of movies that are not in the catalogue");
    if let Some(Respelt { rated, listed, side, cause, .. }) = respelt {
        return Some(format!(
            "{summary}: the ratings have `{rated}`, the catalogue has `{listed}`; \
             the ids of the {side} have {cause}; write the ids of both in the same way"
        ));
    }
    let (rated, _) = strange.first()?;
    let listed = table.iter().next().map_or("no movie".to_owned(), |id| format!("`{id}`"));
    Some(format!(
        "{summary}: the ratings have `{rated}`, the catalogue has {listed}; \
         use the catalogue that belongs to these ratings, with the same ids"
    ))
}

/// Ids that differ only in their spelling.
struct Respelt {
    /// An id of the ratings.
    rated: String,
    /// The id of the same movie in the catalogue.
    listed: String,
    /// The side with the longer ids.
    side: &'static str,
    cause: &'static str,
    /// The number of ratings with such ids.
    count: u64,
}

impl Respelt {
    fn find(spelling: &Spelling, strange: &[(&str, u64)], catalogue: &Catalogue) -> Option<Self> {
        let Spelling { cause, undo } = *spelling;
        let table = catalogue.ids();
        // If the catalogue has the longer ids, search by their shortened form.
        let shortened: std::collections::BTreeMap<&str, &str> =
            table.iter().filter_map(|id| Some((undo(id)?, id))).collect();
        let mut found: Option<Self> = None;
        for &(id, count) in strange {
            let shorter = undo(id).filter(|shorter| table.find(shorter).is_some());
            let pair = match (shorter, shortened.get(id)) {
                (Some(listed), _) => (listed, "ratings"),
                (None, Some(listed)) => (*listed, "catalogue"),
                (None, None) => continue,
            };
            let first =
                || Self { rated: id.to_owned(), listed: pair.0.to_owned(), side: pair.1, cause, count: 0 };
            found.get_or_insert_with(first).count += count;
        }
        found
    }
}

/// `21` of `0021`
fn without_zeros(id: &str) -> Option<&str> {
    let rest = id.trim_start_matches('0');
    (rest.len() < id.len() && is_number(rest)).then_some(rest)
}

/// `21` of `tt0000021`
fn without_prefix(id: &str) -> Option<&str> {
    let rest = id.strip_prefix("tt")?;
    is_number(rest).then(|| rest.trim_start_matches('0'))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(ids: &[&str]) -> Catalogue {
        let rows: Vec<String> = ids.iter().map(|id| format!("{id},Title {id}\n")).collect();
        Catalogue::parse(format!("movieId,title\n{}", rows.concat()).as_bytes()).unwrap()
    }

    #[test]
    fn recognised_spellings_are_named_with_an_id_of_each_side() {
        for (rated, listed, told) in [
            (
                "21.0",
                "21",
                "the ratings have `21.0`, the catalogue has `21`; the ids of the ratings have a fraction",
            ),
            (
                "21",
                "21.0",
                "the ratings have `21`, the catalogue has `21.0`; the ids of the catalogue have a fraction",
            ),
            (
                "0021",
                "21",
                "the ratings have `0021`, the catalogue has `21`; the ids of the ratings have leading zeros",
            ),
            ("21", "0021", "the ids of the catalogue have leading zeros"),
            ("tt0000021", "21", "the ids of the ratings have the prefix of IMDb ids"),
            ("21", "tt0000021", "the ids of the catalogue have the prefix of IMDb ids"),
        ] {
            let described = detail(&[(rated, 3)], &catalogue(&["7", listed])).unwrap();
            assert!(
                described.starts_with("3 of 3 ratings are of movies that are not in the catalogue"),
                "{described}"
            );
            assert!(described.contains(told), "{described}");
        }
        for id in ["x.0", "1.5", "1.", ".0", "ttx", "tt", "x"] {
            let told = detail(&[(id, 3)], &catalogue(&["1", "x1"])).unwrap();
            assert!(told.contains("use the catalogue that belongs to these ratings"), "{told}");
        }
    }

    #[test]
    fn a_foreign_catalogue_is_told_from_one_that_lacks_some_movies() {
        let listed = catalogue(&["1", "2", "3"]);
        assert_eq!(detail(&[("1", 10), ("2", 10), ("3", 10)], &listed), None);
        assert_eq!(detail(&[("1", 10), ("x", 10)], &listed), None, "half of the ratings");
        let told = detail(&[("1", 10), ("x", 11)], &listed).unwrap();
        assert_eq!(
            told,
            "11 of 21 ratings are of movies that are not in the catalogue: the ratings have `x`, the catalogue has `1`; \
             use the catalogue that belongs to these ratings, with the same ids"
        );
        assert!(detail(&[("1", 1)], &Catalogue::empty()).unwrap().contains("the catalogue has no movie"));
        assert_eq!(detail(&[], &Catalogue::empty()), None, "that there are no ratings is a fault of its own");
    }

    #[test]
    fn a_spelling_that_some_ids_have_is_told_too() {
        let listed = catalogue(&["1", "21"]);
        assert!(detail(&[("1", 18), ("021", 2)], &listed).unwrap().contains("2 of 20 ratings"));
        assert_eq!(detail(&[("1", 19), ("021", 1)], &listed), None);
    }
}
