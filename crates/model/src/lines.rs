//! Line numbers of CSV records, for messages that lead people to the right line in an editor.

use csv::ByteRecord;

/// Counts the lines before a record, while going forward through a file in memory.
///
/// The count of the CSV reader is one too small after CRLF, because it consumes the line feed only with the next record.
#[derive(Debug)]
pub struct LineNumbers<'a> {
    csv: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> LineNumbers<'a> {
    /// Starts at the first line of `csv`.
    pub fn new(csv: &'a [u8]) -> Self {
        Self { csv, counted: 0, line: 1 }
    }

    /// The line on which `record` starts, from 1. Records must be passed in the order of the file.
    pub fn of(&mut self, record: &ByteRecord) -> u64 {
        let offset = record.position().map_or(0, csv::Position::byte) as usize;
        let rest = self.csv.get(offset..).unwrap_or_default();
        let ended = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = (offset + ended).min(self.csv.len());
        if let Some(passed) = self.csv.get(self.counted..start) {
            self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
            self.counted = start;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_an_editor_does() {
        for end in ["\n", "\r\n"] {
            let csv = ["head,er", "1,2", "", "\"two", "lines\",4", "5,6", ""].join(end);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let mut lines = LineNumbers::new(csv.as_bytes());
            let found: Vec<u64> = reader.byte_records().map(|record| lines.of(&record.unwrap())).collect();
            assert_eq!(found, [2, 4, 6], "{end:?}");
        }
    }
}
