//! Divides lines of ratings among blocks, so that each block gets all lines of its users.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, ErrorKind, Read, Write};

use memchr::memchr;

use super::PartError;
use crate::ratings::{LineForm, OpenQuote};
use crate::state::StateError;

/// The lowest digits of a place tell where in the file it is.
const DIGITS_IN_FILE: u32 = 40;

/// The shares of blocks in some lines.
pub struct Shares {
    form: LineForm,
    header: String,
    /// Whether each file begins with the header.
    has_headers: bool,
    /// For each block, its lines as CSV, with the place of each in the last column.
    of_blocks: Vec<Vec<u8>>,
    /// The place of the part that is being read, and the number of its lines that were read.
    part: Option<u64>,
    read: u64,
}

impl Shares {
    /// No lines yet, for so many blocks, at least one. `header` has the columns of all files, and is the first line of each if they have headers.
    pub fn new(blocks: usize, header: &str, has_headers: bool) -> Result<Self, PartError> {
        let form = LineForm::of(header).map_err(PartError::Header)?;
        let of_blocks = vec![Vec::new(); blocks];
        Ok(Self { form, header: header.to_owned(), has_headers, of_blocks, part: None, read: 0 })
    }

    /// Divides all lines. Each comes after its length in bytes (4 bytes, big endian), and begins with the place at which its part
    /// of the files begins, and a space. The lines of a part follow each other. A place is the number of the file times 2^40, plus
    /// where the part begins in the file.
    pub fn read(&mut self, mut lines: impl BufRead) -> Result<(), PartError> {
        let mut line = Vec::new();
        while !lines.fill_buf().map_err(StateError::from)?.is_empty() {
            let mut length = [0; 4];
            lines.read_exact(&mut length).map_err(StateError::from)?;
            let length = u32::from_be_bytes(length);
            line.clear();
            let read = lines.by_ref().take(length.into()).read_to_end(&mut line).map_err(StateError::from)?;
            if read < length as usize {
                return Err(StateError::from(io::Error::from(ErrorKind::UnexpectedEof)).into());
            }
            let (part, text) = placed(&line).ok_or_else(|| PartError::NoPlace(shown(&line)))?;
            self.add(part, text)?;
        }
        Ok(())
    }

    fn add(&mut self, part: u64, text: &[u8]) -> Result<(), PartError> {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            return Ok(());
        }
        if self.form.has_replaced_id(text) {
            return Err(PartError::Encoding(shown(text)));
        }
        if self.part != Some(part) {
            (self.part, self.read) = (Some(part), 0);
        }
        let is_first = self.read == 0 && part.trailing_zeros() >= DIGITS_IN_FILE;
        if self.has_headers && is_first {
            if !self.form.is_header(text) {
                let (found, expected) = (shown(text), self.header.clone());
                return Err(PartError::OtherHeader { found, expected });
            }
        } else {
            let user = self.form.user(text).map_err(|OpenQuote| PartError::OpenQuote(shown(text)))?;
            let block = user.map_or(0, |user| block_of(&user, self.of_blocks.len()));
            let share = &mut self.of_blocks[block];
            share.extend_from_slice(text);
            // Writing into a vector does not fail.
            let _ = writeln!(share, ",{}", part.saturating_add(self.read));
        }
        self.read += 1;
        Ok(())
    }

    /// The lines of each block, which may be none, with a last column `place`.
    pub fn into_lines(self) -> Vec<Vec<u8>> {
        self.of_blocks
    }
}

/// The place before a line, and the line.
fn placed(line: &[u8]) -> Option<(u64, &[u8])> {
    let (place, text) = line.split_at(memchr(b' ', line)?);
    Some((str::from_utf8(place).ok()?.parse().ok()?, &text[1..]))
}

/// The same in every process of a program.
fn block_of(user: &str, blocks: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    user.hash(&mut hasher);
    (hasher.finish() % blocks as u64) as usize
}

/// A line, not too long for a message.
fn shown(line: &[u8]) -> String {
    const MOST: usize = 100;
    let text: String = String::from_utf8_lossy(line).chars().take(MOST).collect();
    if line.len() > MOST { text + "..." } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "userId,movieId,rating";

    /// Each line after its length.
    fn framed(lines: &str) -> Vec<u8> {
        lines
            .split_terminator('\n')
            .flat_map(|line| [&(line.len() as u32).to_be_bytes(), line.as_bytes()].concat())
            .collect()
    }

    fn divided(blocks: usize, has_headers: bool, lines: &str) -> Result<Vec<String>, PartError> {
        let mut shares = Shares::new(blocks, HEADER, has_headers)?;
        shares.read(framed(lines).as_slice())?;
        Ok(shares.into_lines().into_iter().map(|lines| String::from_utf8(lines).unwrap()).collect())
    }

    #[test]
    fn lines_get_their_places_and_headers_are_left_out() {
        let second = 1_u64 << DIGITS_IN_FILE;
        let lines =
            format!("0 \n0 {HEADER}\r\n0 1,7,4\r\n0 1,8,2\n\n{second} {HEADER}\n{second} 1,7,3\n99 1,9,1");
        let lines = lines.replace("\n\n", "\n0 \n");
        let expected = format!("1,7,4,1\n1,8,2,2\n1,7,3,{}\n1,9,1,99\n", second + 1);
        assert_eq!(divided(1, true, &lines).unwrap(), [expected]);
    }

    #[test]
    fn all_lines_of_a_user_are_in_one_block() {
        let line = |line: u32| {
            let user = line % 9;
            format!("{} \" u{user}\",7,4\n{} u{user},7,4\n", 7 + line, 500 + line)
        };
        let lines = (0..90).map(line).collect::<Vec<_>>().concat();
        let shares = divided(4, true, &lines).unwrap();
        let mut lines = 0;
        for user in 0..9 {
            let has = |share: &&String| share.contains(&format!("u{user}"));
            let own: Vec<&String> = shares.iter().filter(has).collect();
            assert_eq!(own.len(), 1);
            lines += own[0].matches(&format!("u{user}")).count();
        }
        assert_eq!(lines, 180);
        assert!(shares.iter().filter(|share| !share.is_empty()).count() > 1);
    }

    #[test]
    fn what_cannot_be_divided_by_line_is_refused() {
        let refusal = |lines: &str| divided(2, true, lines).unwrap_err().to_string();
        assert!(refusal("0 movieId,userId,rating\n").contains("`movieId,userId,rating` instead of"));
        assert!(refusal("0 1,2,3\n").contains("need the same header"));
        assert!(refusal("5 1,\"2\n5 0\",3\n").contains("no field may have a line end"));
        assert!(refusal("5 caf\u{fffd},2,3\n").contains("not UTF-8"));
        assert!(refusal("1,2,3\n").contains("does not begin with its place"));
        assert!(refusal(&format!("x {}\n", "1".repeat(500))).len() < 300);
        let header = Shares::new(1, "movieId,rating", true).err().unwrap();
        assert!(header.to_string().contains("no column `userId`"));
    }

    #[test]
    fn a_record_without_a_header_may_have_line_ends_in_quotes() {
        let mut shares = Shares::new(1, HEADER, false).unwrap();
        let line = "7 1,\"2\n20\",3";
        let framed = [&(line.len() as u32).to_be_bytes(), line.as_bytes()].concat();
        shares.read(framed.as_slice()).unwrap();
        assert_eq!(shares.into_lines(), [b"1,\"2\n20\",3,7\n"]);
        for length in 1..framed.len() {
            let mut shares = Shares::new(1, HEADER, false).unwrap();
            assert!(shares.read(&framed[..length]).is_err(), "{length}");
        }
    }
}
