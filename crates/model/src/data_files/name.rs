//! What a file is, judged only by its path.

use std::collections::BTreeSet;

/// What a path says about its file.
pub(super) enum Meaning {
    /// It may be read.
    Data(Candidate),
    /// It is named like data but is not read, for this reason.
    LikeData(&'static str),
    /// It has the ids of movies at other places, and lies in this folder.
    Links(String),
    /// It is not data.
    Other,
}

/// A file that may be read.
pub(super) struct Candidate {
    pub(super) path: String,
    pub(super) role: Role,
    pub(super) form: Form,
    /// The folder of the named file, or of the folder of parts.
    pub(super) folder: String,
}

/// What a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is named as ratings.
    Ratings,
    /// It is named as the catalogue.
    Movies,
    /// It is a CSV file of any other name.
    Unnamed,
}

/// The format of a file, judged by its name. If a folder has several formats, the first of these is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Csv,
    /// `ratings.dat` and `movies.dat`: ml-1m and ml-10m.
    Dat,
    /// `u.data` and `u.item`: ml-100k.
    Tabs,
}

/// Endings of files that are not read outside a folder of parts, and what to do about each.
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

/// Endings of programs and of texts about data. Such files are not data, whatever their names begin with.
const NO_DATA: [&str; 8] = [".py", ".ipynb", ".r", ".sql", ".md", ".html", ".pdf", ".png"];

/// The ending of the file that Spark and Hadoop write beside each part.
const CHECKSUM: &str = ".crc";

/// The folders that contain a file named as ratings or as a catalogue. They are data sets and not folders of parts,
/// whatever their own names are.
pub(super) fn data_sets(files: &[(String, u64)]) -> BTreeSet<String> {
    let is_data_set = |path: &&str| !is_hidden(path) && named(&plain_name(path)).is_some();
    let paths = files.iter().filter(|(_, length)| *length > 0).map(|(path, _)| path.as_str());
    paths.filter(is_data_set).map(|path| folder_and_name(path).0.to_owned()).collect()
}

/// What `path` says about its file. The folders `data_sets` are not folders of parts.
pub(super) fn read(path: &str, data_sets: &BTreeSet<String>) -> Meaning {
    let (folder, _) = folder_and_name(path);
    let name = plain_name(path);
    let data = |role, form, folder: &str| {
        Meaning::Data(Candidate { path: path.to_owned(), role, form, folder: folder.to_owned() })
    };
    if let Some((role, form)) = named(&name) {
        return data(role, form, folder);
    }
    // A hidden file is reported only if its own name is like data. `_SUCCESS` is not.
    if !is_hidden(path)
        && let Some((role, above)) = folder_of_parts(folder, data_sets)
    {
        return data(role, Form::Csv, above);
    }
    if name == "links.csv" {
        return Meaning::Links(folder.to_owned());
    }
    if path.split('/').any(is_beside_ratings) {
        return Meaning::Other;
    }
    if name.strip_suffix(".csv").is_some() {
        return data(Role::Unnamed, Form::Csv, folder);
    }
    let unread = UNREAD.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, reason)| *reason);
    let lies_like_data = || folder.split('/').any(|folder| begins_like_data(&plain_name(folder)));
    if is_like_data(&name) || (unread.is_some() && lies_like_data()) {
        return Meaning::LikeData(unread.unwrap_or(NOT_CSV));
    }
    Meaning::Other
}

/// What notebooks, archivers, Spark and file systems leave beside data: `.ipynb_checkpoints`, `__MACOSX`, `_SUCCESS`.
pub fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(['.', '_']))
}

fn folder_and_name(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The name of a file in lower case, without `.gz` and without a `.` or `_` that hides it.
fn plain_name(path: &str) -> String {
    let name = folder_and_name(path).1.to_ascii_lowercase();
    let name = name.trim_start_matches(['.', '_']);
    name.strip_suffix(".gz").unwrap_or(name).to_owned()
}

/// The role and the format of a file that is named as ratings or as a catalogue.
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

/// The role of the files in the nearest folder of parts, and the folder that contains this folder.
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

/// Whether a file or a folder of parts is one that `MovieLens` has in addition to ratings and catalogue.
fn is_beside_ratings(name: &str) -> bool {
    let name = plain_name(name);
    let stem = name.strip_suffix(".csv").unwrap_or(&name);
    ["links", "tags"].contains(&stem) || stem.starts_with("genome-")
}

/// Whether a file may be meant as data although it is not CSV by its name.
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

/// Whether a file has a name that programs give to parts of a table: `part-00001`, `part_1.txt`, `chunk2`, `000001_0`.
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
    /// Whether it is in a folder of parts.
    pub(super) fn is_part(&self) -> bool {
        self.path.rsplit_once('/').is_some_and(|(folder, _)| folder != self.folder)
    }
}
