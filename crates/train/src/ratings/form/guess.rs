//! Guesses what a file is that cannot be read, and says what to do about it.

use matinee_model::columns::Column;

use super::{Content, GUESSED_BY};

/// The number of characters of a first line that are shown.
const SHOWN_CHARS: usize = 80;

/// The first bytes of well-known binary files.
const SIGNATURES: [(&[u8], &str); 23] = [
    (b"\xff\xfe\0\0", "it is UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "it is UTF-32; save it as UTF-8"),
    (b"\xff\xfe", "it is UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "it is UTF-16; save it as UTF-8"),
    (b"PK\x03\x04", "it is a zip archive; unpack it, and give the files in it"),
    (b"PAR1", "it is Parquet; write it as CSV, for example with pandas' `to_csv(index=False)`"),
    (b"ARROW1", "it is Arrow or Feather; write it as CSV, for example with pandas' `to_csv(index=False)`"),
    (b"Obj\x01", "it is Avro; write it as CSV"),
    (b"ORC", "it is ORC; write it as CSV"),
    (b"SQLite format 3\0", "it is an SQLite database; export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook; save the sheet as CSV UTF-8"),
    (b"\x1f\x8b", "it is compressed by gzip more than once; unpack it"),
    (b"BZh", "it is compressed by bzip2; unpack it, or compress it by gzip"),
    (b"\xfd7zXZ\0", "it is compressed by xz; unpack it, or compress it by gzip"),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd; unpack it, or compress it by gzip"),
    (b"\x04\x22\x4d\x18", "it is compressed by lz4; unpack it, or compress it by gzip"),
    (b"\xff\x06\0\0sNaPpY", "it is compressed by snappy; unpack it, or compress it by gzip"),
    (b"\x78\x9c", "it is compressed by zlib; unpack it, or compress it by gzip"),
    (b"7z\xbc\xaf", "it is a 7z archive; unpack it, and give the files in it"),
    (b"Rar!", "it is a RAR archive; unpack it, and give the files in it"),
    (b"\x80\x04", "it is a Python pickle; write it as CSV, for example with pandas' `to_csv(index=False)`"),
    (b"\x80\x05", "it is a Python pickle; write it as CSV, for example with pandas' `to_csv(index=False)`"),
    (b"%PDF", "it is a PDF"),
];

/// The signature of a tar archive, and its position (POSIX.1-1988, ustar).
const TAR_MARK: (usize, &[u8]) = (257, b"ustar");

/// Excel writes this before a table, followed by the separator.
const EXCEL_SEPARATOR: &str = "sep=";

/// The beginnings of well-known text files.
const TEXTS: [(&str, &str); 6] = [
    (
        "version https://git-lfs.github.com/spec/",
        "it is a Git LFS pointer instead of the file; fetch the file with `git lfs pull`",
    ),
    ("{", "it looks like JSON; write it as CSV"),
    ("[", "it looks like JSON; write it as CSV"),
    ("<!doctype html", "it is a web page and not the file; download that again"),
    ("<html", "it is a web page and not the file; download that again"),
    ("<?xml", "it is XML, perhaps the answer of a server and not the file; download that again"),
];

/// Field separators with their names.
const SEPARATORS: [(&str, &str); 6] =
    [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "`|`"), ("::", "`::`"), (" ", "spaces")];

/// Describes a file that is not text, or is text of another kind, with its first line.
pub(super) fn binary(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(GUESSED_BY)];
    let text = String::from_utf8_lossy(head);
    let begin = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let is_workbook = head.starts_with(b"PK") && text.contains("xl/");
    let is_tar = head.get(TAR_MARK.0..).is_some_and(|rest| rest.starts_with(TAR_MARK.1));
    let what = if is_workbook {
        "it is an Excel workbook; save the sheet as CSV UTF-8"
    } else if is_tar {
        "it is a tar archive; unpack it, and give the files in it"
    } else if let Some((_, what)) = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        what
    } else if let Some((_, what)) = TEXTS.iter().find(|(text, _)| begin.starts_with(text)) {
        what
    } else if head.contains(&0) {
        if is_utf16(head) { "it looks like UTF-16; save it as UTF-8" } else { "it is not text" }
    } else {
        return None;
    };
    Some(format!("{what}; the first line is {}", quoted(&first_line(head, what))))
}

/// Whether bytes without a byte order mark are UTF-16, as a spreadsheet may write it. In most of its letters, every second
/// byte is 0, and no other byte is.
fn is_utf16(head: &[u8]) -> bool {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    even.max(odd) * 3 > head.len() && even.min(odd) * 20 < head.len()
}

/// The first line as UTF-8.
fn first_line(head: &[u8], what: &str) -> Vec<u8> {
    let text = if what.contains("UTF-32") {
        // Only ASCII is shown. Other text is not worth a decoder.
        head.iter().copied().filter(u8::is_ascii).filter(|byte| *byte != 0).collect()
    } else if what.contains("UTF-16") {
        let is_big_endian = head.starts_with(b"\xfe\xff") || head.starts_with(&[0]);
        let unit = |pair: &[u8; 2]| {
            if is_big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
        };
        let units: Vec<u16> = head.as_chunks().0.iter().map(unit).collect();
        String::from_utf16_lossy(&units).trim_start_matches('\u{feff}').to_owned().into_bytes()
    } else {
        head.to_vec()
    };
    text.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec()
}

/// What may be wrong with a file with this first line. `None` if the line is a header with a missing column.
pub(super) fn form(line: &[u8], content: Content) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let first = format!("the first line is {}", quoted(line));
    if text.get(..EXCEL_SEPARATOR.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(EXCEL_SEPARATOR)) {
        let remedy = if text.trim_end().ends_with(',') { "" } else { ", and separate the fields by commas" };
        return Some(format!("{first}, which tells Excel the separator; remove that line{remedy}"));
    }
    let split = |separator: &str| -> Vec<String> {
        let trimmed = |field: &str| field.trim().trim_matches('"').to_owned();
        if separator == " " {
            text.split_whitespace().map(trimmed).collect()
        } else {
            text.split(separator).map(trimmed).collect()
        }
    };
    let has_all = |fields: &[String]| content.required().iter().all(|column| column.find(fields).is_some());
    let by_separator: Vec<(&str, Vec<String>)> =
        SEPARATORS.iter().map(|(separator, name)| (*name, split(separator))).collect();
    // Fields with commas are understood unless there is a wrong quote.
    let mut others = by_separator.iter().filter(|(separator, _)| *separator != "commas");
    if let Some((separator, _)) = others.find(|(_, fields)| has_all(fields)) {
        return Some(format!(
            "{first}: the fields seem to be separated by {separator}; separate them by commas, and write decimals with a point"
        ));
    }
    let knows =
        |fields: &[String], columns: &[Column]| columns.iter().any(|column| column.find(fields).is_some());
    let is_header = by_separator
        .iter()
        .any(|(_, fields)| knows(fields, content.required()) || knows(fields, content.optional()));
    let (separator, _) = by_separator.iter().find(|(_, fields)| is_record(fields, content))?;
    if is_header {
        return None;
    }
    let hint = match content {
        Content::Ratings if *separator == "tabs" => "; if it is the u.data of ml-100k, give it that name",
        _ => "",
    };
    let first =
        format!("{first}: there seems to be no header, and the fields seem to be separated by {separator}");
    let header = content.header();
    Some(if *separator == "commas" {
        format!("{first}; put a header before it, {header} if that is their order")
    } else {
        format!(
            "{first}; separate them by commas, and put a header before them, {header} if that is their order{hint}"
        )
    })
}

/// Whether these fields may be a record, so that the header is missing.
fn is_record(fields: &[String], content: Content) -> bool {
    let is_number = |field: &String| field.replace(',', ".").parse::<f64>().is_ok();
    match content {
        Content::Ratings => fields.len() >= 3 && fields.iter().filter(|field| is_number(field)).count() >= 2,
        Content::Movies => fields.len() >= 2 && is_number(&fields[0]),
    }
}

/// The beginning of a line, without control characters, so that it can be shown in a terminal.
pub(super) fn quoted(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let shown: String = text
        .chars()
        .take(SHOWN_CHARS)
        .flat_map(|c| -> Vec<char> {
            if c.is_control() { c.escape_default().collect() } else { vec![c] }
        })
        .collect();
    let rest = if text.chars().count() > SHOWN_CHARS { "..." } else { "" };
    format!("`{shown}{rest}`")
}
