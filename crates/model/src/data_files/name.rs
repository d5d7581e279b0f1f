//! What a file is, by its path alone.

use std::collections::BTreeSet;

/// What a path says of its file.
pub(super) enum Said {
    /// It may be read.
    Data(Candidate),
    /// It is named like data and is not read, for this reason.
    LikeData(&'static str),
    /// It is no data.
    Nothing,
}

/// A file that may be read.
pub(super) struct Candidate {
    pub(super) path: String,
    pub(super) role: Role,
    pub(super) form: Form,
    /// The folder of the named file, or of the folder of parts.
    pub(super) folder: String,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is named as ratings.
    Ratings,
    /// It is named as the catalogue.
    Movies,
    /// It is a CSV file of any other name.
    Unnamed,
}

/// How a file is written, by its name; the first is preferred where one folder has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Csv,
    /// `ratings.dat` and `movies.dat`: ml-1m and ml-10m.
    Dat,
    /// `u.data` and `u.item`: ml-100k.
    Tabs,
}

/// What is not read outside a folder of parts, by the ending of its name, and what to do.
const UNREAD: [(&str, &str); 18] = [
    (".bz2", "it is compressed by bzip2; unpack it, or compress it by gzip"),
    (".zst", "it is compressed by zstd; unpack it, or compress it by gzip"),
    (".xz", "it is compressed by xz; unpack it, or compress it by gzip"),
    (".lz4", "it is compressed by lz4; unpack it, or compress it by gzip"),
    (".snappy", "it is compressed by snappy; unpack it, or compress it by gzip"),
    (".zip", "it is an archive; unpack it"),
    (".tar", "it is an archive; unpack it"),
    (".tgz", "it is an archive; unpack it"),
    (".7z", "it is an archive; unpack it"),
    (".rar", "it is an archive; unpack it"),
    (".parquet", "it is Parquet; write it as CSV"),
    (".feather", "it is Feather; write it as CSV"),
    (".orc", "it is ORC; write it as CSV"),
    (".avro", "it is Avro; write it as CSV"),
    (".json", "it is JSON; write it as CSV"),
    (".jsonl", "it is JSON; write it as CSV"),
    (".xls", "it is a workbook; save the sheet as CSV"),
    (".xlsx", "it is a workbook; save the sheet as CSV"),
];
const NOT_CSV: &str = "it does not end in .csv; rename it, or move all parts into a folder ratings/";

/// What programs and texts about data are called, whatever their names begin with.
const NO_DATA: [&str; 8] = [".py", ".ipynb", ".r", ".sql", ".md", ".html", ".pdf", ".png"];

/// What Spark and Hadoop write beside each part.
const CHECKSUM: &str = ".crc";

/// The folders in which a file itself is named as ratings or catalogue. They hold a data set and are no folders of
/// parts, whatever they are called.
pub(super) fn data_sets(files: &[(String, u64)]) -> BTreeSet<String> {
    let is_data_set = |path: &&str| !is_hidden(path) && named(&plain_name(path)).is_some();
    let paths = files.iter().filter(|(_, length)| *length > 0).map(|(path, _)| path.as_str());
    paths.filter(is_data_set).map(|path| folder_and_name(path).0.to_owned()).collect()
}

/// What `path` says of its file, where `data_sets` are no folders of parts.
pub(super) fn read(path: &str, data_sets: &BTreeSet<String>) -> Said {
    let (folder, _) = folder_and_name(path);
    let name = plain_name(path);
    let data = |role, form, folder: &str| {
        Said::Data(Candidate { path: path.to_owned(), role, form, folder: folder.to_owned() })
    };
    if let Some((role, form)) = named(&name) {
        return data(role, form, folder);
    }
    // What is hidden is told only where its own name is one of data: `_SUCCESS` is not.
    if !is_hidden(path)
        && let Some((role, above)) = folder_of_parts(folder, data_sets)
    {
        return data(role, Form::Csv, above);
    }
    if path.split('/').any(is_beside_ratings) {
        return Said::Nothing;
    }
    if name.strip_suffix(".csv").is_some() {
        return data(Role::Unnamed, Form::Csv, folder);
    }
    let unread = UNREAD.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, reason)| *reason);
    let lies_like_data = || folder.split('/').any(|folder| begins_like_data(&plain_name(folder)));
    if is_like_data(&name) || (unread.is_some() && lies_like_data()) {
        return Said::LikeData(unread.unwrap_or(NOT_CSV));
    }
    Said::Nothing
}

/// What notebooks, archivers, Spark and file systems leave beside data: `.ipynb_checkpoints`, `__MACOSX`, `_SUCCESS`.
pub fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(['.', '_']))
}

fn folder_and_name(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The name of a file in lower case, without `.gz` and without what hides it.
fn plain_name(path: &str) -> String {
    let name = folder_and_name(path).1.to_ascii_lowercase();
    let name = name.trim_start_matches(['.', '_']);
    name.strip_suffix(".gz").unwrap_or(name).to_owned()
}

/// What a file is that is named as ratings or catalogue.
fn named(name: &str) -> Option<(Role, Form)> {
    Some(match name {
        "ratings.csv" => (Role::Ratings, Form::Csv),
        "movies.csv" => (Role::Movies, Form::Csv),
        "ratings.dat" => (Role::Ratings, Form::Dat),
        "movies.dat" => (Role::Movies, Form::Dat),
        "u.data" => (Role::Ratings, Form::Tabs),
        "u.item" => (Role::Movies, Form::Tabs),
        _ => return None,
    })
}

/// What the nearest folder of parts makes of the files in it, and the folder where that one lies.
fn folder_of_parts<'f>(folder: &'f str, data_sets: &BTreeSet<String>) -> Option<(Role, &'f str)> {
    let mut rest = folder;
    while !rest.is_empty() {
        let (above, _) = folder_and_name(rest);
        let name = plain_name(rest);
        let role = match name.strip_suffix(".csv").unwrap_or(&name) {
            "ratings" => Some(Role::Ratings),
            "movies" => Some(Role::Movies),
            _ => None,
        };
        match role {
            Some(role) if !data_sets.contains(rest) => return Some((role, above)),
            _ => rest = above,
        }
    }
    None
}

/// Whether a file, or a folder of parts, is one of those that `MovieLens` has beside ratings and catalogue.
fn is_beside_ratings(name: &str) -> bool {
    let name = plain_name(name);
    let stem = name.strip_suffix(".csv").unwrap_or(&name);
    ["links", "tags"].contains(&stem) || stem.starts_with("genome-")
}

/// Whether a file that is not CSV by its name may have been meant as data.
fn is_like_data(name: &str) -> bool {
    !name.ends_with(CHECKSUM)
        && !NO_DATA.iter().any(|ending| name.ends_with(ending))
        && (begins_like_data(name)
            || is_part(name)
            || name.contains(".csv")
            || name.strip_suffix(".tsv").is_some())
}

/// `ratings_new.txt`, `movies-2024`, `rating.json`
fn begins_like_data(name: &str) -> bool {
    ["ratings", "rating", "movies", "movie"]
        .into_iter()
        .any(|begin| name.strip_prefix(begin).is_some_and(|rest| !rest.starts_with(char::is_alphabetic)))
}

/// Whether a file is named as programs name the parts of a table: `part-00001`, `part_1.txt`, `chunk2`, `000001_0`.
fn is_part(name: &str) -> bool {
    let is_numbered = |begin| {
        let rest = name.strip_prefix(begin).map(|rest: &str| rest.trim_start_matches(['-', '_', '.']));
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_of_hive =
        name.split_once('_').is_some_and(|(task, attempt)| are_digits(task) && are_digits(attempt));
    is_numbered("part") || is_numbered("chunk") || is_of_hive
}

impl Candidate {
    /// Whether it lies in a folder of parts.
    pub(super) fn is_part(&self) -> bool {
        self.path.rsplit_once('/').is_some_and(|(folder, _)| folder != self.folder)
    }
}
