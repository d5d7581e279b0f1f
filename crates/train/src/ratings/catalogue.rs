//! Reads and checks the catalogue.

use hashbrown::HashMap;
use matinee_model::{Catalogue, CatalogueError, Links, MovieFault, MovieReader, MovieRecord};

use super::faults::{FileFault, FileReport};
use super::form::{self, Content, Table};
use super::{CsvFile, FaultKind, Report, links, reader};

/// Reads the catalogue and its links, if there are any, and reports their faults.
pub(crate) fn read_catalogue(
    movies: Option<&CsvFile>,
    links: Option<&CsvFile>,
    report: &mut Report,
) -> Option<Catalogue> {
    let catalogue = read_titles(movies?, report);
    Some(match links {
        Some(file) => catalogue.with_links(&links::read(file, report)),
        None => catalogue,
    })
}

fn read_titles(file: &CsvFile, report: &mut Report) -> Catalogue {
    let mut found = FileReport::new(&file.name);
    let catalogue = match form::open(file, Content::Movies) {
        _ if form::is_blank(&file.bytes) => {
            let detail = "it is empty; it needs a header such as movieId,title,genres and one line per movie"
                .to_owned();
            found.add(FileFault { line: 0, kind: FaultKind::UnknownForm, detail });
            Catalogue::empty()
        }
        Err(fault) => {
            found.add(fault);
            Catalogue::empty()
        }
        Ok(table) => {
            if let Some(note) = &table.note {
                report.note(&file.name, note);
            }
            read_movies(&table, &mut found)
        }
    };
    found.finish(report);
    catalogue
}

fn read_movies(table: &Table<'_>, found: &mut FileReport<'_>) -> Catalogue {
    let mut records = Vec::new();
    let mut lines_by_id: HashMap<String, u64> = HashMap::new();
    table.faults.iter().for_each(|fault| found.add(fault.clone()));
    let refused = |CatalogueError { line, fault }: CatalogueError| FileFault {
        line: table.line(line),
        kind: kind_of(&fault),
        detail: fault.to_string(),
    };
    let reader = match MovieReader::new(&table.csv) {
        Ok(reader) => reader,
        Err(error) => {
            found.add(refused(error));
            return Catalogue::empty();
        }
    };
    for read in reader {
        match read {
            Ok(record) if matinee_model::is_missing(&record.id) => found.add(FileFault {
                line: table.line(record.line),
                kind: FaultKind::EmptyId,
                detail: reader::missing(&record.id, "movieId"),
            }),
            Ok(record) if record.id.contains('\0') || record.title.contains('\0') => found.add(FileFault {
                line: table.line(record.line),
                kind: FaultKind::Encoding,
                detail: reader::not_text(if record.id.contains('\0') { "movieId" } else { "title" }),
            }),
            Ok(record) => {
                let line = table.line(record.line);
                found.count_record();
                if let Some(earlier) = lines_by_id.insert(record.id.clone(), line) {
                    let detail = format!("movie {} is on line {earlier} too", record.id);
                    found.add_to_record(FileFault { line, kind: FaultKind::DuplicateMovie, detail });
                }
                let title = record.title.trim().to_owned();
                let links = Links::new(&record.links.imdb, &record.links.tmdb);
                records.push(MovieRecord { title, links, ..record });
            }
            Err(error) => found.add(refused(error)),
        }
    }
    Catalogue::from_records(records)
}

fn kind_of(fault: &MovieFault) -> FaultKind {
    match fault {
        MovieFault::MissingColumn(_) => FaultKind::MissingColumn,
        MovieFault::FieldCount { .. } => FaultKind::FieldCount,
        MovieFault::EmptyId => FaultKind::EmptyId,
        MovieFault::LongId(_) => FaultKind::LongId,
        MovieFault::Encoding => FaultKind::Encoding,
        MovieFault::Unreadable(_) => FaultKind::Unreadable,
    }
}
