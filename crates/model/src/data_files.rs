//! Decides which files of a folder are the ratings, and which are the catalogue.
//!
//! The rules are the same for a folder on disk, a channel of a training job and a prefix in S3, so they only look at
//! relative paths. `docs/data.md` describes them.

mod name;

pub use name::is_hidden;

use std::collections::{BTreeMap, BTreeSet};

use name::{Candidate, Form, Meaning, Role};

/// The files of a data set, as paths relative to its folder, separated by `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFiles {
    /// The ratings: one file or several parts, in the order of their paths.
    pub ratings: Vec<String>,
    /// The catalogue: one file, or the parts in a folder `movies.csv`. Empty if there is none.
    pub movies: Vec<String>,
    /// The ids of the movies at other places: `links.csv` beside the catalogue.
    pub links: Option<String>,
    /// Files that look like data but are not read.
    pub skipped: Vec<SkippedFile>,
}

/// A file that looks like data but is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    /// Its relative path.
    pub path: String,
    /// Why it is not read.
    pub reason: &'static str,
}

/// Two files that could both be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} both exist, and it is not clear which one to use; remove one of them")]
pub struct AmbiguousFiles {
    /// One of them.
    pub first: String,
    /// The other.
    pub second: String,
}

impl DataFiles {
    /// Chooses among files, given as relative paths and lengths in bytes.
    pub fn choose(files: impl IntoIterator<Item = (String, u64)>) -> Result<Self, AmbiguousFiles> {
        let files: Vec<(String, u64)> = files.into_iter().collect();
        let data_sets = name::data_sets(&files);
        let mut chosen = Self::default();
        let (mut candidates, mut links) = (Vec::new(), Vec::new());
        for (path, length) in files {
            match name::read(&path, &data_sets) {
                Meaning::Links(folder) if length > 0 && !is_hidden(&path) => links.push((folder, path)),
                Meaning::Links(_) | Meaning::Other => {}
                Meaning::Data(_) | Meaning::LikeData(_) if is_hidden(&path) => {
                    chosen.skip(path, "hidden files and folders are not read");
                }
                Meaning::Data(_) | Meaning::LikeData(_) if length == 0 => chosen.skip(path, "it is empty"),
                Meaning::LikeData(reason) => chosen.skip(path, reason),
                Meaning::Data(candidate) => candidates.push(candidate),
            }
        }
        candidates.sort_by(|a, b| a.path.cmp(&b.path));
        let (movies, candidates) = candidates.into_iter().partition(|file| file.role == Role::Movies);
        links.sort();
        let others = chosen.choose_movies(movies, links)?;
        chosen.choose_ratings(candidates, &others)?;
        chosen.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(chosen)
    }

    /// Takes the catalogue nearest to the top, and those `links`, by folder, that are beside it. Returns the folders of the
    /// other catalogues.
    fn choose_movies(
        &mut self,
        movies: Vec<Candidate>,
        links: Vec<(String, String)>,
    ) -> Result<Vec<String>, AmbiguousFiles> {
        let movies = self.one_form_a_folder(movies);
        let depth = |file: &Candidate| depth(&file.folder);
        let Some(least) = movies.iter().map(depth).min() else { return Ok(Vec::new()) };
        let (nearest, others): (Vec<_>, Vec<_>) = movies.into_iter().partition(|file| depth(file) == least);
        if let [first, .., last] = nearest.as_slice()
            && (first.folder != last.folder || !nearest.iter().all(Candidate::is_part))
        {
            return Err(AmbiguousFiles { first: first.path.clone(), second: last.path.clone() });
        }
        let is_beside = |folder: &str| nearest.first().is_some_and(|file| file.folder == folder);
        self.links = links.into_iter().find(|(folder, _)| is_beside(folder)).map(|(_, path)| path);
        self.movies = nearest.into_iter().map(|file| file.path).collect();
        let folders = others.iter().map(|file| file.folder.clone()).collect();
        for file in others {
            self.skip(file.path, "there is a catalogue above it");
        }
        Ok(folders)
    }

    /// Takes the files named as ratings and the files in folders named as ratings, or every CSV file if there are none. The
    /// data sets in the folders `others` are left out.
    fn choose_ratings(
        &mut self,
        candidates: Vec<Candidate>,
        others: &[String],
    ) -> Result<(), AmbiguousFiles> {
        let (foreign, own): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|file| others.iter().any(|folder| is_in(&file.path, folder)));
        for file in foreign {
            self.skip(file.path, "its folder is a data set of its own");
        }
        let (named, unnamed): (Vec<_>, Vec<_>) = own.into_iter().partition(|file| file.role == Role::Ratings);
        let ratings = if named.is_empty() {
            unnamed
        } else {
            for file in unnamed {
                self.skip(file.path, "other files are named as ratings");
            }
            self.one_form_a_folder(named)
        };
        let mut plain = BTreeMap::new();
        for Candidate { path, .. } in &ratings {
            if let Some(other) = plain.insert(path.strip_suffix(".gz").unwrap_or(path), path) {
                return Err(AmbiguousFiles { first: other.clone(), second: path.clone() });
            }
        }
        self.ratings = ratings.into_iter().map(|file| file.path).collect();
        Ok(())
    }

    /// Keeps the files of the preferred format in each folder.
    fn one_form_a_folder(&mut self, files: Vec<Candidate>) -> Vec<Candidate> {
        let forms: BTreeSet<(String, Form)> =
            files.iter().map(|file| (file.folder.clone(), file.form)).collect();
        let is_preferred = |file: &Candidate| {
            forms
                .iter()
                .find(|(folder, _)| *folder == file.folder)
                .is_some_and(|(_, form)| *form == file.form)
        };
        let (kept, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(is_preferred);
        for file in rest {
            self.skip(file.path, "the folder has the same as CSV");
        }
        kept
    }

    fn skip(&mut self, path: String, reason: &'static str) {
        self.skipped.push(SkippedFile { path, reason });
    }
}

/// The depth of a folder below the top.
fn depth(folder: &str) -> usize {
    if folder.is_empty() { 0 } else { 1 + folder.matches('/').count() }
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn choose(paths: &[&str]) -> DataFiles {
        DataFiles::choose(paths.iter().map(|path| ((*path).to_owned(), 1))).unwrap()
    }

    #[track_caller]
    fn assert_chosen(paths: &[&str], ratings: &[&str], movies: &[&str]) {
        let chosen = choose(paths);
        assert_eq!((chosen.ratings, chosen.movies), (owned(ratings), owned(movies)), "{paths:?}");
    }

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn ratings_are_told_from_what_lies_beside_them() {
        for (paths, ratings, movies) in [
            (
                &["ratings.csv", "movies.csv", "links.csv", "tags.csv", "part-1.csv"][..],
                &["ratings.csv"][..],
                &["movies.csv"][..],
            ),
            (&["ratings.csv.gz", "README.txt", "_SUCCESS"], &["ratings.csv.gz"], &[]),
            (
                &["part-2.csv", "part-1.csv.gz", "movies.csv.gz", "genome-tags.csv"],
                &["part-1.csv.gz", "part-2.csv"],
                &["movies.csv.gz"],
            ),
            (&["2024/ratings.csv", "2023/ratings.csv"], &["2023/ratings.csv", "2024/ratings.csv"], &[]),
            (&["2024/a.csv", "b.csv"], &["2024/a.csv", "b.csv"], &[]),
            (&["Ratings.CSV", "MOVIES.csv"], &["Ratings.CSV"], &["MOVIES.csv"]),
            (&["README.txt", "ratings.parquet"], &[], &[]),
        ] {
            assert_chosen(paths, ratings, movies);
        }
    }

    #[test]
    fn links_are_those_beside_the_catalogue() {
        for (paths, links) in [
            (&["ratings.csv", "movies.csv", "links.csv"][..], Some("links.csv")),
            (&["a/ratings.csv", "a/movies.csv", "a/Links.csv.gz", "links.csv"], Some("a/Links.csv.gz")),
            (&["ratings.csv", "movies.csv/part-0.csv", "links.csv"], Some("links.csv")),
            (&["ratings.csv", "movies.csv", "_links.csv", "other/links.csv"], None),
            (&["ratings.csv", "links.csv"], None),
        ] {
            assert_eq!(choose(paths).links.as_deref(), links, "{paths:?}");
        }
    }

    #[test]
    fn every_release_of_movielens_is_found() {
        let files =
            ["README", "u.data", "u.item", "u.genre", "u.info", "u.user", "u1.base", "u1.test", "mku.sh"];
        assert_chosen(&files, &["u.data"], &["u.item"]);
        let files = ["README", "movies.dat", "ratings.dat", "users.dat", "tags.dat", "split_ratings.sh"];
        assert_chosen(&files, &["ratings.dat"], &["movies.dat"]);
        assert_chosen(
            &["ml-1m/ratings.dat", "ml-1m/movies.dat"],
            &["ml-1m/ratings.dat"],
            &["ml-1m/movies.dat"],
        );
        assert_chosen(
            &["ratings.dat", "ratings.csv", "u.item", "movies.csv"],
            &["ratings.csv"],
            &["movies.csv"],
        );
    }

    #[test]
    fn folders_of_parts_are_read_as_spark_writes_them() {
        let files = [
            "ratings.csv/_SUCCESS",
            "ratings.csv/.part-00000-1.csv.crc",
            "ratings.csv/part-00001-1.csv",
            "ratings.csv/part-00000-1.csv",
            "movies.csv/part-00000-2.csv.gz",
        ];
        let parts = ["ratings.csv/part-00000-1.csv", "ratings.csv/part-00001-1.csv"];
        assert_chosen(&files, &parts, &["movies.csv/part-00000-2.csv.gz"]);
        assert_chosen(
            &["ratings/part-00000", "ratings/part-00001.gz", "movies/part-00000", "movies/part-00001"],
            &["ratings/part-00000", "ratings/part-00001.gz"],
            &["movies/part-00000", "movies/part-00001"],
        );
        assert_chosen(&["part-00000", "other/part-00000"], &[], &[]);
        assert_chosen(
            &["ratings/year=2020/data.txt", "RATINGS.CSV/000000_0"],
            &["RATINGS.CSV/000000_0", "ratings/year=2020/data.txt"],
            &[],
        );
        assert_chosen(&["tags.csv/part-0.csv", "part-0.csv"], &["part-0.csv"], &[]);
    }

    /// The files that are named as not read, with the reasons.
    fn skipped(paths: &[&str]) -> Vec<(String, &'static str)> {
        choose(paths).skipped.into_iter().map(|file| (file.path, file.reason)).collect()
    }

    #[test]
    fn every_file_in_a_folder_of_parts_is_read_whatever_its_name() {
        for name in [
            "000001_0",
            "part-1.csv.bz2",
            "part-1.txt",
            "part-1.tsv",
            "part-1.dat",
            "part_1",
            "chunk2",
            "tags.csv",
            "links/part-1.csv",
            "part-1.snappy.parquet",
            "README.md",
        ] {
            for folder in ["ratings.csv", "ratings", "Ratings.csv.gz"] {
                let part = format!("{folder}/{name}");
                let files = [format!("{folder}/part-0.csv"), part.clone(), "movies.csv".to_owned()];
                let chosen = DataFiles::choose(files.map(|path| (path, 1))).unwrap();
                assert_eq!(chosen.ratings.len(), 2, "{part}");
                assert!(chosen.ratings.contains(&part) && chosen.skipped.is_empty(), "{part}");
            }
        }
        assert_chosen(&["ratings.csv", "movies/000000_0"], &["ratings.csv"], &["movies/000000_0"]);
    }

    #[test]
    fn a_data_set_in_a_folder_of_such_a_name_has_no_parts() {
        for folder in ["movies", "ratings"] {
            let release = ["ratings.csv", "movies.csv", "links.csv", "tags.csv", "README.txt"];
            let paths = release.map(|name| format!("{folder}/{name}"));
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            assert_chosen(&paths, &paths[..1], &paths[1..2]);
            assert_eq!(skipped(&paths), []);
        }
        let skipped = skipped(&["ratings/ratings.csv", "ratings/part-1.csv"]);
        assert_eq!(skipped, [("ratings/part-1.csv".to_owned(), "other files are named as ratings")]);
    }

    #[test]
    fn files_that_are_named_like_data_are_reported_if_they_are_not_read() {
        for (name, part_of_reason) in [
            ("ratings.csv.1", "end in .csv"),
            ("ratings_new.txt", "end in .csv"),
            ("Ratings (2).TXT", "end in .csv"),
            ("movies-old", "end in .csv"),
            ("part-00001", "end in .csv"),
            ("part_1.txt", "end in .csv"),
            ("chunk2", "end in .csv"),
            ("000001_0", "end in .csv"),
            ("more.tsv", "end in .csv"),
            ("ratings.jsonl", "JSON"),
            ("ratings.snappy.parquet", "Parquet"),
            ("part-1.csv.bz2", "compress it by gzip"),
            ("more.csv.zst", "compress it by gzip"),
            ("ratings.zip", "unpack"),
            ("movies.xlsx", "save the sheet"),
            ("ratings.parquet/part-0.snappy.parquet", "Parquet"),
        ] {
            let skipped = skipped(&["part-00000.csv", name]);
            assert!(
                skipped.len() == 1 && skipped[0].0 == name && skipped[0].1.contains(part_of_reason),
                "{skipped:?}"
            );
        }
        let others = [
            "README.txt",
            "links.csv",
            "u.user",
            "users.dat",
            "u1.base",
            "partners",
            "moviesque",
            "x/tags.csv",
        ];
        assert_eq!(skipped(&others), []);
    }

    #[test]
    fn files_in_hidden_folders_are_reported_if_they_are_named_like_data() {
        let files =
            ["part-0.csv", "_more/part-1.csv", ".git/config", ".git/objects/12/34", "ratings/_SUCCESS"];
        let hidden = ("_more/part-1.csv".to_owned(), "hidden files and folders are not read");
        assert_eq!(skipped(&files), [hidden]);
        assert_eq!(skipped(&["ratings/.part-0.csv.crc", "ratings/_committed_1", "ratings/._x.csv"]).len(), 1);
    }

    #[test]
    fn hidden_and_empty_files_are_skipped_and_told() {
        let files = [
            ("part-1.csv", 9),
            ("part-2.csv", 0),
            ("._part-1.csv", 9),
            (".ipynb_checkpoints/part-1-checkpoint.csv", 9),
            ("__MACOSX/._part-1.csv", 9),
            ("_temporary/0/part-1.csv", 9),
        ];
        let chosen = DataFiles::choose(files.map(|(path, length)| (path.to_owned(), length))).unwrap();
        assert_eq!(chosen.ratings, ["part-1.csv"]);
        assert_eq!(chosen.skipped.len(), 5);
        assert!(chosen.skipped.iter().any(|file| file.path == "part-2.csv" && file.reason == "it is empty"));
    }

    #[test]
    fn a_data_set_below_another_is_skipped() {
        let chosen = choose(&[
            "ratings.csv",
            "movies.csv",
            "ml-1m/ratings.dat",
            "ml-1m/movies.dat",
            "new/ratings.csv",
        ]);
        assert_eq!(chosen.ratings, ["new/ratings.csv", "ratings.csv"]);
        assert_eq!(chosen.movies, ["movies.csv"]);
        let skipped: Vec<&str> = chosen.skipped.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(skipped, ["ml-1m/movies.dat", "ml-1m/ratings.dat"]);
    }

    #[test]
    fn what_may_be_the_same_twice_is_refused_by_name() {
        for paths in [
            ["ratings.csv", "ratings.csv.gz"],
            ["movies.csv", "movies.csv.gz"],
            ["a/movies.csv", "b/movies.csv"],
            ["movies.csv", "movies/part-0.csv"],
        ] {
            let refusal = DataFiles::choose(paths.map(|path| (path.to_owned(), 1))).unwrap_err();
            let told = refusal.to_string();
            assert!(paths.iter().all(|path| told.contains(path)), "{told}");
        }
    }

    proptest! {
        #[test]
        fn no_order_of_listing_matters_and_nothing_hidden_is_read(
            paths in prop::collection::btree_set("([._]?(ratings|movies|a|part-1)(\\.csv|\\.dat)?/){0,2}[._]?(ratings|movies|u|part-1)(\\.csv|\\.dat|\\.data)(\\.gz)?", 0..8),
        ) {
            let listed: Vec<(String, u64)> = paths.into_iter().map(|path| (path, 1)).collect();
            let chosen = DataFiles::choose(listed.clone());
            prop_assert_eq!(&chosen, &DataFiles::choose(listed.into_iter().rev()));
            if let Ok(chosen) = chosen {
                for path in chosen.ratings.iter().chain(&chosen.movies) {
                    prop_assert!(!path.split('/').any(|part| part.starts_with(['.', '_'])), "{path}");
                }
            }
        }
    }
}
