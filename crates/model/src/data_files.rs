//! Decides which files of a folder are the ratings, and which are the catalogue.
//!
//! The rules are the same for a folder on disk, a channel of a training job and a prefix in S3, so they only look at
//! relative paths. `docs/data.md` describes them.

use std::collections::{BTreeMap, BTreeSet};

/// The files of a data set, as paths relative to its folder, separated by `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFiles {
    /// The ratings: one file or several parts, in the order of their paths.
    pub ratings: Vec<String>,
    /// The catalogue: one file, or the parts in a folder `movies.csv`. Empty if there is none.
    pub movies: Vec<String>,
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

/// What the path of a file says about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is named as ratings.
    Ratings,
    /// It is named as the catalogue.
    Movies,
    /// It is another file of a `MovieLens` release.
    Other,
    /// It is a CSV file of any other name.
    Unnamed,
}

/// The format of a file, judged by its name. If a folder has several formats, the first of these is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Csv,
    /// `ratings.dat` and `movies.dat`: ml-1m and ml-10m.
    Dat,
    /// `u.data` and `u.item`: ml-100k.
    Tabs,
}

struct Candidate {
    path: String,
    role: Role,
    form: Form,
    /// The folder of the named file, or of the folder of parts.
    folder: String,
}

impl DataFiles {
    /// Chooses among files, given as relative paths and lengths in bytes.
    pub fn choose(files: impl IntoIterator<Item = (String, u64)>) -> Result<Self, AmbiguousFiles> {
        let mut chosen = Self::default();
        let mut candidates = Vec::new();
        for (path, length) in files {
            let Some(candidate) = Candidate::of(path) else { continue };
            if is_hidden(&candidate.path) {
                chosen.skip(candidate, "hidden files and folders are not read");
            } else if length == 0 {
                chosen.skip(candidate, "it is empty");
            } else {
                candidates.push(candidate);
            }
        }
        candidates.sort_by(|a, b| a.path.cmp(&b.path));
        let (movies, candidates) = candidates.into_iter().partition(|file| file.role == Role::Movies);
        let others = chosen.choose_movies(movies)?;
        chosen.choose_ratings(candidates, &others)?;
        chosen.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(chosen)
    }

    /// Takes the catalogue nearest to the top. Returns the folders of the others.
    fn choose_movies(&mut self, movies: Vec<Candidate>) -> Result<Vec<String>, AmbiguousFiles> {
        let movies = self.one_form_a_folder(movies);
        let depth = |file: &Candidate| depth(&file.folder);
        let Some(least) = movies.iter().map(depth).min() else { return Ok(Vec::new()) };
        let (nearest, others): (Vec<_>, Vec<_>) = movies.into_iter().partition(|file| depth(file) == least);
        if let [first, .., last] = nearest.as_slice()
            && (first.folder != last.folder || !nearest.iter().all(Candidate::is_part))
        {
            return Err(AmbiguousFiles { first: first.path.clone(), second: last.path.clone() });
        }
        self.movies = nearest.into_iter().map(|file| file.path).collect();
        let folders = others.iter().map(|file| file.folder.clone()).collect();
        for file in others {
            self.skip(file, "there is a catalogue above it");
        }
        Ok(folders)
    }

    /// Takes the files named as ratings, or every CSV file if there are none, except for those of the data sets in `others`.
    fn choose_ratings(
        &mut self,
        candidates: Vec<Candidate>,
        others: &[String],
    ) -> Result<(), AmbiguousFiles> {
        let (foreign, own): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|file| others.iter().any(|folder| is_in(&file.path, folder)));
        for file in foreign {
            self.skip(file, "its folder is a data set of its own");
        }
        let (named, unnamed): (Vec<_>, Vec<_>) = own.into_iter().partition(|file| file.role == Role::Ratings);
        let ratings = if named.is_empty() {
            unnamed
        } else {
            for file in unnamed {
                self.skip(file, "other files are named as ratings");
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
            self.skip(file, "the same is there as CSV");
        }
        kept
    }

    fn skip(&mut self, file: Candidate, reason: &'static str) {
        self.skipped.push(SkippedFile { path: file.path, reason });
    }
}

impl Candidate {
    /// What `path` may be. `None` if it is not data.
    fn of(path: String) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let (role, form) = match name.rsplit_once('.') {
            Some(("u", "data")) => (Role::Ratings, Form::Tabs),
            Some(("u", "item")) => (Role::Movies, Form::Tabs),
            Some(("ratings", "dat")) => (Role::Ratings, Form::Dat),
            Some(("movies", "dat")) => (Role::Movies, Form::Dat),
            Some((stem, "csv")) => (role(stem), Form::Csv),
            None if name.starts_with("part-") => (Role::Unnamed, Form::Csv),
            _ => return None,
        };
        let is_csv = name.strip_suffix(".csv").is_some();
        let of_folder = if role == Role::Unnamed { Self::role_of_folder(folder) } else { None };
        let (role, folder) = match of_folder {
            Some((role, folder)) => (role, folder.to_owned()),
            // Hadoop's part files have no extension. They are data only in a folder with one of our names.
            None if !is_csv && role == Role::Unnamed => return None,
            None => (role, folder.to_owned()),
        };
        (role != Role::Other).then_some(Self { path, role, form, folder })
    }

    /// The role that the nearest folder with one of our names gives to its files, and the parent of that folder.
    fn role_of_folder(folder: &str) -> Option<(Role, &str)> {
        let mut rest = folder;
        while !rest.is_empty() {
            let (above, name) = rest.rsplit_once('/').unwrap_or(("", rest));
            let name = name.to_ascii_lowercase();
            match role(name.strip_suffix(".csv").unwrap_or(&name)) {
                Role::Unnamed => rest = above,
                role => return Some((role, above)),
            }
        }
        None
    }

    /// Whether it is in a folder of parts.
    fn is_part(&self) -> bool {
        self.path.rsplit_once('/').is_some_and(|(folder, _)| folder != self.folder)
    }
}

fn role(stem: &str) -> Role {
    match stem {
        "ratings" => Role::Ratings,
        "movies" => Role::Movies,
        "links" | "tags" => Role::Other,
        _ if stem.starts_with("genome-") => Role::Other,
        _ => Role::Unnamed,
    }
}

/// Files that notebooks, archivers, Spark and file systems create next to data: `.ipynb_checkpoints`, `__MACOSX`,
/// `_SUCCESS`.
pub fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(['.', '_']))
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
        assert_chosen(&["tags.csv/part-0.csv", "part-0.csv"], &["part-0.csv"], &[]);
    }

    #[test]
    fn hidden_and_empty_files_are_passed_over_and_told() {
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
    fn a_data_set_below_another_is_passed_over() {
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
