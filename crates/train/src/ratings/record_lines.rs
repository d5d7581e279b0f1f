//! The lines that records are on, for messages about records that were read long before.

/// Which file and line each record is on. Records are mostly on consecutive lines, so only the first of such a run is kept.
#[derive(Default)]
pub(super) struct RecordLines<'a> {
    files: Vec<&'a str>,
    runs: Vec<Run>,
}

/// Records on consecutive lines of one file.
struct Run {
    file: u32,
    record: u32,
    line: u64,
}

impl<'a> RecordLines<'a> {
    /// The records that follow are in this file.
    pub(super) fn begin_file(&mut self, name: &'a str) {
        self.files.push(name);
    }

    /// The first file.
    pub(super) fn first_file(&self) -> Option<&'a str> {
        self.files.first().copied()
    }

    /// A record is on this line of the last file. Records must be passed in their order.
    pub(super) fn push(&mut self, record: u32, line: u64) {
        let file = self.files.len() as u32 - 1;
        let follows = |run: &Run| run.file == file && run.line_of(record) == line;
        if !self.runs.last().is_some_and(follows) {
            self.runs.push(Run { file, record, line });
        }
    }

    /// The file and the line of a record.
    pub(super) fn of(&self, record: u32) -> Option<(&'a str, u64)> {
        let run = &self.runs[self.runs.partition_point(|run| run.record <= record).checked_sub(1)?];
        Some((self.files[run.file as usize], run.line_of(record)))
    }
}

impl Run {
    fn line_of(&self, record: u32) -> u64 {
        self.line + u64::from(record - self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginnings_of_runs_are_kept() {
        let records = [(0, 2), (0, 3), (0, 5), (0, 6), (1, 7), (1, 8), (2, 2)];
        let mut lines = RecordLines::default();
        let mut files = ["a", "b", "c"].into_iter();
        let mut begun = 0;
        for (record, &(file, line)) in (0..).zip(&records) {
            while begun <= file {
                lines.begin_file(files.next().unwrap());
                begun += 1;
            }
            lines.push(record, line);
        }
        assert_eq!(lines.runs.len(), 4);
        for (record, &(file, line)) in (0..).zip(&records) {
            assert_eq!(lines.of(record), Some((["a", "b", "c"][file], line)));
        }
        assert_eq!(RecordLines::default().of(0), None);
    }
}
