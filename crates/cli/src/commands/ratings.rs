//! `matinee ratings`.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Args as ClapArgs, Subcommand};
use matinee_api::request::{ME, UserAndMovie};
use matinee_live_ratings::{Mark, Moment, Outcome, Write};
use matinee_model::RatingScale;
use matinee_model::columns::{MOVIE, RATING, TIMESTAMP, USER};
use matinee_train::ratings::{CsvFile, GivenRating, read_ratings};

use crate::files;
use crate::kept::{KeptRatings, Opened};
use crate::outputs;

/// How many ratings are committed together.
const BATCH: usize = 10_000;

/// What to do with the ratings that a server keeps.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Keep the ratings of a file; of two ratings of a movie by a user, the latest counts
    Import {
        /// File with ratings, in any form that training reads, compressed or not; ratings without a time are from now
        file: PathBuf,
        /// Scale of the ratings
        #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
        scale: RatingScale,
        #[command(flatten)]
        kept: KeptRatings,
    },
    /// Write the ratings that are kept as CSV, in the form of `MovieLens`
    Export {
        /// File to write; standard output if missing
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        kept: KeptRatings,
    },
    /// Count what is kept
    Count {
        #[command(flatten)]
        kept: KeptRatings,
    },
}

/// Imports, exports or counts.
pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.action {
        Action::Import { file, scale, kept } => {
            // Nothing is kept of a file with a fault, so that a corrected file can be imported whole.
            let writes = read(&files::read_csv(file)?, *scale)?;
            import(&writes, &kept.create()?)?;
        }
        Action::Export { output: None, kept } => {
            export(&kept.open()?, BufWriter::new(io::stdout().lock()))?;
        }
        Action::Export { output: Some(output), kept } => {
            outputs::check_file("--output", output, &kept.files())?;
            write_export(&kept.open()?, output)?;
        }
        Action::Count { kept } => count(&kept.open()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The ratings of a file as training reads them.
fn read(file: &CsvFile, scale: RatingScale) -> Result<Vec<Write>> {
    let (ratings, report) = read_ratings(file, scale);
    if let Some(fault) = report.first_refusal() {
        bail!(
            "nothing was imported: {fault}; faults in total: {}; correct the file and import it again\n{report}",
            report.count()
        );
    }
    eprint!("{report}");
    let now = Moment::now();
    ratings.into_iter().map(|rating| write(file, rating, now)).collect()
}

/// A rating as a mark. A time in the future is refused, because nothing could replace the rating until then.
fn write(file: &CsvFile, given: GivenRating, now: Moment) -> Result<Write> {
    let GivenRating { user, movie, rating, timestamp, line } = given;
    let time = match timestamp {
        None => now,
        Some(microseconds) => Moment::given(microseconds as f64 / 1e6, now).map_err(|error| {
            anyhow!(
                "nothing was imported: {}:{line}: the timestamp: {error}; correct it, or omit the column",
                file.name
            )
        })?,
    };
    let place = UserAndMovie::new(&user, &movie)
        .map_err(|error| anyhow!("nothing was imported: {}:{line}: {error}", file.name))?;
    if place.user.as_str() == ME {
        bail!(
            "nothing was imported: {}:{line}: `{ME}` stands for the holder of a token; write the id of the user",
            file.name
        );
    }
    Ok(Write { user: place.user, movie: place.movie, mark: Mark::Rated(rating), time })
}

fn import(writes: &[Write], store: &Opened) -> Result<()> {
    let (mut created, mut replaced, mut outdated, mut forgotten) = (0_usize, 0_usize, 0_usize, 0_usize);
    for batch in writes.chunks(BATCH) {
        for outcome in store.keep(batch.to_vec())? {
            *match outcome {
                Outcome::Created => &mut created,
                Outcome::Replaced => &mut replaced,
                Outcome::Outdated { .. } => &mut outdated,
                Outcome::Forgotten(_) => &mut forgotten,
            } += 1;
        }
    }
    let kept = created + replaced;
    say!(
        "kept {kept} ratings, {replaced} of them instead of others; {outdated} are older than what was kept already"
    );
    if forgotten > 0 {
        say!("{forgotten} were not kept, because they are not later than the deletion of their user");
    }
    Ok(())
}

fn write_export(store: &Opened, output: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    export(store, &mut bytes)?;
    outputs::write(output, &bytes)
}

/// Writes user by user.
fn export(store: &Opened, output: impl io::Write) -> Result<()> {
    let mut csv = csv::Writer::from_writer(output);
    let mut written = csv.write_record([USER.name, MOVIE.name, RATING.name, TIMESTAMP.name]);
    store.for_each_user(|user, kept| {
        for rated in &kept.ratings {
            let (Some(rating), Ok(())) = (rated.rating, &written) else { continue };
            let (rating, time) = (rating.to_string(), rated.time.to_string());
            written = csv.write_record([user.as_str(), rated.movie.as_str(), &rating, &time]);
        }
    })?;
    written?;
    Ok(csv.flush()?)
}

/// What is kept of all users.
#[derive(Default)]
struct Counts {
    given: usize,
    taken_back: usize,
    raters: usize,
    hidden: usize,
    deleted: usize,
}

fn count(store: &Opened) -> Result<()> {
    let mut counts = Counts::default();
    store.for_each_user(|_, kept| {
        let given = kept.ratings.iter().filter(|rated| rated.rating.is_some()).count();
        counts.given += given;
        counts.taken_back += kept.ratings.len() - given;
        counts.raters += usize::from(!kept.ratings.is_empty());
        counts.hidden += kept.hidden.len();
        counts.deleted += usize::from(kept.forgotten.is_some());
    })?;
    let Counts { given, taken_back, raters, hidden, deleted } = counts;
    say!(
        "{given} ratings by {raters} users; {taken_back} taken back; {hidden} hidden movies; {deleted} deleted users"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> CsvFile {
        CsvFile { name: name.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    fn refusal(text: &str) -> String {
        format!("{:#}", read(&file("new.csv", text), RatingScale::MOVIELENS).unwrap_err())
    }

    #[test]
    fn every_form_that_training_reads_is_read() {
        let expected = Write {
            user: "1".into(),
            movie: "2959".into(),
            mark: Mark::Rated(4.5),
            time: Moment(1_445_714_835_000),
        };
        for (name, text) in [
            ("ratings.csv", "userId,movieId,rating,timestamp\n1,2959,4.5,1445714835\n"),
            (
                "ratings.csv",
                "\u{feff}rating,user_id,timestamp,movie_id\r\n\"4.5\",1,2015-10-24T19:27:15Z,2959\r\n",
            ),
            ("ratings.dat", "1::2959::4.5::1445714835\n"),
            ("u.data", "1\t2959\t4.5\t1445714835\n"),
        ] {
            let read = read(&file(name, text), RatingScale::MOVIELENS).unwrap();
            assert_eq!(read, std::slice::from_ref(&expected), "{text}");
        }
        let now = read(&file("new.csv", "user_id,movie_id,rating\n1,2,3\n"), RatingScale::MOVIELENS).unwrap();
        assert!(now[0].time <= Moment::now());
    }

    #[test]
    fn a_fault_is_named_with_its_line_and_what_to_do() {
        for (csv, named) in [
            (
                "userId,rating\n1,2\n",
                "new.csv:1: the header `userId,rating` has no column `movieId`; expected userId,",
            ),
            ("userId;movieId;rating\n1;2;3\n", "new.csv:1: "),
            (
                "userId,movieId,rating\n1,2,3\n1,2,6\n",
                "new.csv:3: 6 is not on the scale 0.5..5, but all ratings are on 1..10; if that is their scale, give --scale 1..10",
            ),
            ("userId,movieId,rating\n1,2,\"3\n1,3,4\n", "new.csv:2: the quote that opens here"),
            ("userId,movieId,rating\n,2,3\n", "new.csv:2: the userId is empty"),
            (
                "userId,movieId,rating,timestamp\n1,2,3,9999999999\n",
                "new.csv:2: the timestamp: it is in the future",
            ),
            (
                "userId,movieId,rating,timestamp\n1,2,3,-1\n",
                "new.csv:2: the timestamp: it must be at least 0; correct it",
            ),
            ("userId,movieId,rating,timestamp\n1,2,3,yesterday\n", "write seconds since 1970 or a date"),
            ("userId,movieId,rating\n1,2,3\nme,2,3\n", "new.csv:3: `me` stands for the holder of a token"),
            (
                "userId,movieId,rating\n1\u{1},2,3\n",
                "new.csv:2: the id `userId` contains a control character",
            ),
        ] {
            let refusal = refusal(csv);
            assert!(refusal.starts_with("nothing was imported: "), "{csv}: {refusal}");
            assert!(refusal.contains(named), "{csv}: {refusal}");
        }
    }
}
