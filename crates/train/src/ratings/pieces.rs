//! Reads a file in pieces that end where lines end, so that it is never in memory as a whole.

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};

use super::form::{GUESSED_BY, is_blank};

/// A file of which one piece is in memory. A piece has at least one line. Lines end with a line feed here, so a file without
/// line feeds is one piece.
pub(super) struct Pieces<R> {
    input: R,
    /// How many bytes a piece has, about.
    length: usize,
    /// What was put before the piece, the piece, and what was read of the next one.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    /// Whether the buffer holds the rest of the file.
    has_rest: bool,
    /// The number of lines of the file before the piece.
    lines_before: u64,
}

impl<R: Read> Pieces<R> {
    /// Reads the first piece, which is long enough to tell the format of the file. White space before it is skipped if it
    /// takes a whole piece. `None` if there is nothing but white space.
    pub(super) fn open(input: R, length: usize) -> io::Result<Option<Self>> {
        let buffer = Vec::with_capacity(length.max(GUESSED_BY) + 1);
        let mut pieces = Self { input, length, buffer, begin: 0, end: 0, has_rest: false, lines_before: 0 };
        loop {
            pieces.read_until(length.max(GUESSED_BY))?;
            if !is_blank(pieces.bytes()) {
                return Ok(Some(pieces));
            }
            if !pieces.advance(&[])? {
                return Ok(None);
            }
        }
    }

    /// The piece, after what [`Self::advance`] put before it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.end]
    }

    /// What to add to the number of a line of [`Self::bytes`] to get its number in the file.
    pub(super) fn line_offset(&self) -> u64 {
        self.lines_before - line_count(&self.buffer[..self.begin])
    }

    /// Goes on to the next piece, and puts `head` before it. `false` at the end of the file.
    pub(super) fn advance(&mut self, head: &[u8]) -> io::Result<bool> {
        self.lines_before += line_count(&self.buffer[self.begin..self.end]);
        self.buffer.splice(..self.end, head.iter().copied());
        (self.begin, self.end) = (head.len(), head.len());
        self.read_until(1)?;
        Ok(self.end > self.begin)
    }

    /// Whether the piece is known to be the rest of the file.
    pub(super) fn is_rest(&self) -> bool {
        self.has_rest
    }

    /// Makes the piece at least twice as long, if the file is.
    pub(super) fn lengthen(&mut self) -> io::Result<()> {
        self.read_until((self.end - self.begin) * 2)
    }

    /// Reads the rest of the file and forgets it.
    pub(super) fn skip_rest(&mut self) -> io::Result<()> {
        io::copy(&mut self.input, &mut io::sink()).map(|_| ())
    }

    /// Reads until the piece has at least this many bytes and ends with a line, or the file ends.
    fn read_until(&mut self, least: usize) -> io::Result<()> {
        loop {
            let there = &self.buffer[self.begin..];
            let whole = memrchr(b'\n', there).map_or(0, |last| last + 1);
            if self.has_rest || whole >= least {
                self.end = if self.has_rest { self.buffer.len() } else { self.begin + whole };
                return Ok(());
            }
            // The longer a line is, the more is read at once, so that it is not searched again and again.
            let missing = least.saturating_sub(there.len());
            let more = self.length.max(missing).max(there.len() - whole);
            self.buffer.reserve(more);
            let read = self.input.by_ref().take(more as u64).read_to_end(&mut self.buffer)?;
            self.has_rest = read < more;
        }
    }
}

/// The number of line feeds.
pub(super) fn line_count(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each piece with the number of lines before it.
    fn cut(text: &[u8], length: usize) -> Vec<(u64, Vec<u8>)> {
        let mut found = Vec::new();
        let mut pieces = Pieces::open(text, length).unwrap();
        while let Some(there) = &mut pieces {
            found.push((there.line_offset(), there.bytes().to_vec()));
            if !there.advance(b"").unwrap() {
                break;
            }
        }
        found
    }

    #[test]
    fn the_first_piece_is_long_and_all_end_with_lines() {
        let text = "a line\n".repeat(1000);
        let pieces = cut(text.as_bytes(), 16);
        assert!(pieces[0].1.len() >= GUESSED_BY && pieces[1].1 == b"a line\na line\n", "{pieces:?}");
        assert_eq!(cut(b"no line end", 4), [(0, b"no line end".to_vec())]);
    }

    #[test]
    fn a_file_of_white_space_has_no_piece() {
        for text in [String::new(), "\u{feff}".to_owned(), "\u{feff}\n \t".to_owned(), " \n".repeat(9000)] {
            assert!(cut(text.as_bytes(), 8).is_empty());
        }
        let text = "\n".repeat(9000) + "a\nb";
        let pieces = cut(text.as_bytes(), 4096);
        assert!(pieces.len() == 1 && pieces[0].0 == 8192, "{pieces:?}");
    }

    #[test]
    fn an_error_in_the_middle_is_an_error() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let text = "a line\n".repeat(1000);
        let mut pieces = Pieces::open(text.as_bytes().chain(Fails), 16).unwrap().unwrap();
        let error = loop {
            match pieces.advance(b"head\n") {
                Ok(more) => assert!(more),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "gone");
    }

    proptest! {
        #[test]
        fn pieces_together_are_the_file(text in "[a\r]{0,3}", lines in prop::collection::vec("[a\r]{0,9}", 0..2000), length in 1_usize..64) {
            let text = text + &lines.join("\n");
            let pieces = cut(text.as_bytes(), length);
            let mut before = 0;
            for (lines_before, piece) in &pieces {
                prop_assert_eq!(*lines_before, before);
                before += line_count(piece);
            }
            if !is_blank(text.as_bytes()) {
                let all: Vec<u8> = pieces.into_iter().flat_map(|(_, piece)| piece).collect();
                prop_assert!(text.as_bytes().ends_with(&all));
                prop_assert!(is_blank(&text.as_bytes()[..text.len() - all.len()]));
            }
        }
    }
}
