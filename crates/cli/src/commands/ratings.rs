//! `matinee ratings`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args as ClapArgs, Subcommand};
use matinee_live_ratings::{Kept, Mark, Moment, Outcome, RatingStore, Write};
use matinee_model::columns::{Column, MOVIE, RATING, TIMESTAMP, USER};
use matinee_model::{MAX_ID_BYTES, RatingScale};

use crate::kept::{self, KeptFile};
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
    /// Keep the ratings of a CSV file; of two ratings of a movie by a user, the latest counts
    Import {
        /// CSV file with the columns userId, movieId, rating and perhaps timestamp, in seconds since 1970
        file: PathBuf,
        /// Scale of the ratings
        #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
        scale: RatingScale,
        #[command(flatten)]
        kept: KeptFile,
    },
    /// Write the ratings that are kept as CSV, in the form of `MovieLens`
    Export {
        /// File to write; standard output if missing
        #[arg(long)]
        output: Option<PathBuf>,
        #[command(flatten)]
        kept: KeptFile,
    },
    /// Count what is kept
    Count {
        #[command(flatten)]
        kept: KeptFile,
    },
}

/// Imports, exports or counts.
pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.action {
        Action::Import { file, scale, kept } => import(file, *scale, &*kept.create()?)?,
        Action::Export { output, kept } => {
            if let Some(output) = output {
                outputs::check_file("--output", output, &kept.files())?;
            }
            export(output.as_deref(), &*kept.open()?)?;
        }
        Action::Count { kept } => count(&*kept.open()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn import(path: &Path, scale: RatingScale, store: &dyn RatingStore) -> Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Nothing is kept of a file with a fault, so that a corrected file can be imported whole.
    let writes = read(file, scale).map_err(|fault| anyhow!("{}: {fault:#}", path.display()))?;
    let (mut kept, mut outdated) = (0_usize, 0_usize);
    for batch in writes.chunks(BATCH) {
        for outcome in kept::waited(store.keep(batch.to_vec()))? {
            match outcome? {
                Outcome::Outdated { .. } => outdated += 1,
                Outcome::Created | Outcome::Replaced => kept += 1,
            }
        }
    }
    say!("kept {kept} ratings; {outdated} are older than what was kept already");
    Ok(())
}

fn read(file: impl io::Read, scale: RatingScale) -> Result<Vec<Write>> {
    let mut reader = csv::Reader::from_reader(file);
    let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let place = |column: &Column| {
        column.find(&header).ok_or_else(|| {
            anyhow!(
                "the header has no column {}; it needs userId, movieId, rating and perhaps timestamp",
                column.name
            )
        })
    };
    let (user, movie, rating) = (place(&USER)?, place(&MOVIE)?, place(&RATING)?);
    let (time, now) = (TIMESTAMP.find(&header), Moment::now());
    let mut writes = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let text = |place: usize| record.get(place).unwrap_or_default().trim();
        let write = || -> Result<Write> {
            Ok(Write {
                user: id(text(user), USER.name)?.into(),
                movie: id(text(movie), MOVIE.name)?.into(),
                mark: Mark::Rated(rated(text(rating), scale)?),
                time: time.map_or(Ok(now), |place| given(text(place), now))?,
            })
        };
        writes.push(write().with_context(|| format!("line {line}"))?);
    }
    Ok(writes)
}

fn id<'t>(text: &'t str, column: &str) -> Result<&'t str> {
    if text.is_empty() || text.len() > MAX_ID_BYTES {
        bail!("the {column} has {} bytes; it must have 1 to {MAX_ID_BYTES}", text.len());
    }
    Ok(text)
}

fn rated(text: &str, scale: RatingScale) -> Result<f32> {
    let rating = text.parse().ok().filter(|rating| scale.contains(*rating));
    rating.ok_or_else(|| {
        anyhow!(
            "the rating `{text}` is not a number from {} to {}; --scale sets another scale",
            scale.min(),
            scale.max()
        )
    })
}

fn given(text: &str, now: Moment) -> Result<Moment> {
    let seconds = text.parse().map_err(|_| anyhow!("the timestamp `{text}` is not a number of seconds"))?;
    Moment::given(seconds, now).map_err(|error| anyhow!("the timestamp `{text}`: {error}"))
}

fn export(output: Option<&Path>, store: &dyn RatingStore) -> Result<()> {
    let kept = kept::all(store)?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record([USER.name, MOVIE.name, RATING.name, TIMESTAMP.name])?;
    for (user, kept) in &kept {
        for rated in &kept.ratings {
            let Some(rating) = rated.rating else { continue };
            let (rating, time) = (rating.to_string(), (rated.time.0 / 1000).to_string());
            csv.write_record([user, rated.movie.as_str(), &rating, &time])?;
        }
    }
    let bytes = csv.into_inner().map_err(|error| anyhow!("{}", error.error()))?;
    match output {
        None => Ok(io::stdout().lock().write_all(&bytes)?),
        Some(path) => outputs::write(path, &bytes),
    }
}

fn count(store: &dyn RatingStore) -> Result<()> {
    let kept = kept::all(store)?;
    let sum = |number: fn(&Kept) -> usize| kept.values().map(number).sum::<usize>();
    let given = sum(|kept| kept.ratings.iter().filter(|rated| rated.rating.is_some()).count());
    let taken_back = sum(|kept| kept.ratings.iter().filter(|rated| rated.rating.is_none()).count());
    let raters = kept.values().filter(|kept| !kept.ratings.is_empty()).count();
    say!(
        "{given} ratings by {raters} users; {taken_back} taken back; {} hidden movies; {} deleted users",
        sum(|kept| kept.hidden.len()),
        kept.values().filter(|kept| kept.forgotten.is_some()).count()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(csv: &str) -> String {
        format!("{:#}", read(csv.as_bytes(), RatingScale::MOVIELENS).unwrap_err())
    }

    #[test]
    fn the_form_of_movielens_is_read() {
        let csv = "userId,movieId,rating,timestamp\n1,2959,4.5,1445714835\n";
        let expected = Write {
            user: "1".into(),
            movie: "2959".into(),
            mark: Mark::Rated(4.5),
            time: Moment(1_445_714_835_000),
        };
        assert_eq!(read(csv.as_bytes(), RatingScale::MOVIELENS).unwrap(), [expected]);
        let now = read("user_id,movie_id,rating\n1,2,3\n".as_bytes(), RatingScale::MOVIELENS).unwrap();
        assert!(now[0].time <= Moment::now());
    }

    #[test]
    fn a_fault_is_named_with_its_line() {
        for (csv, named) in [
            ("userId,rating\n", "no column movieId"),
            ("userId,movieId,rating\n1,2,3\n1,2,6\n", "line 3: the rating `6`"),
            ("userId,movieId,rating\n,2,3\n", "line 2: the userId"),
            ("userId,movieId,rating,timestamp\n1,2,3,1445714835000\n", "line 2: the timestamp"),
            ("userId,movieId,rating,timestamp\n1,2,3,yesterday\n", "`yesterday`"),
        ] {
            let refusal = refusal(csv);
            assert!(refusal.contains(named), "{csv}: {refusal}");
        }
    }
}
