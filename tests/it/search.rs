//! How well the search finds what people mean: `tests/search/queries.csv`, on the catalogue of `data/`.
//!
//! `cargo test --test it people_find -- --nocapture` prints the share of the queries whose movie comes first, and among
//! the first five.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::Path;

use matinee_model::Catalogue;

/// What is held: the search may not get worse.
const FIRST: f64 = 0.96;
const AMONG_FIVE: f64 = 0.98;

#[derive(Default)]
struct Success {
    queries: u32,
    first: u32,
    among_five: u32,
}

impl Success {
    fn shares(&self) -> (f64, f64) {
        let share = |count: u32| f64::from(count) / f64::from(self.queries);
        (share(self.first), share(self.among_five))
    }
}

#[test]
fn people_find_what_they_mean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let catalogue = Catalogue::parse(&fs::read(root.join("data/movies.csv")).unwrap()).unwrap();
    let mut counts: HashMap<String, u32> = HashMap::new();
    for rating in csv::Reader::from_reader(File::open(root.join("data/ratings.csv")).unwrap()).records() {
        *counts.entry(rating.unwrap()[1].to_owned()).or_default() += 1;
    }
    let mut kinds: BTreeMap<String, Success> = BTreeMap::new();
    let queries = File::open(root.join("tests/search/queries.csv")).unwrap();
    for line in csv::Reader::from_reader(queries).records() {
        let line = line.unwrap();
        let (query, id) = (&line[1], &line[2]);
        let weight = |movie: matinee_model::Movie<'_>| counts.get(movie.id).copied().unwrap_or(0);
        let found: Vec<&str> = catalogue.search(query, weight).take(5).map(|movie| movie.id).collect();
        for kind in [&line[0], "all"] {
            let success = kinds.entry(kind.to_owned()).or_default();
            success.queries += 1;
            success.first += u32::from(found.first() == Some(&id));
            success.among_five += u32::from(found.contains(&id));
        }
    }
    for (kind, success) in &kinds {
        let (first, among_five) = success.shares();
        println!(
            "{kind:10} {:4} queries: first {first:.3}, among the first five {among_five:.3}",
            success.queries
        );
    }
    let (first, among_five) = kinds["all"].shares();
    assert!(
        kinds["all"].queries >= 100 && first >= FIRST && among_five >= AMONG_FIVE,
        "{first:.3} {among_five:.3}"
    );
}
