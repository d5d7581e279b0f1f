//! `matinee part`: the steps of a training that is divided among machines. Each reads messages from standard input and
//! prints one: see [`matinee_train::parts`].

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args as ClapArgs, Subcommand};
use matinee_model::RatingScale;
use matinee_model::artifact::check_output;
use matinee_train::parts::{Block, Gathered, Gathering, Message, Settings, State, Sums, Users, pack};
use matinee_train::ratings::Digests;
use matinee_train::training::{HOLD_OUT_RANGE, HOLD_OUTS, now, write};

use super::learning::name_and_value;
use super::train::print_summary;
use crate::files::read_csv;
use crate::progress::{TerminalProgress, Waiting};

/// Which step.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

/// The steps. All messages on standard input are preceded by their length in bytes (8 bytes, little endian).
#[derive(Subcommand)]
enum Step {
    /// Print the first state, which says what is learned
    Begin(Begin),
    /// Print a block: the ratings of some users, which are CSV on standard input
    Pack {
        /// Scale of the ratings
        #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
        scale: RatingScale,
    },
    /// Print the sums of a pass. Reads a state and a block
    Pass,
    /// Print the sums of several blocks. Reads the sums of each
    Add,
    /// Print the next state. Reads a state and the sums of all blocks
    Solve,
    /// Print the rows of the users of a block. Reads the last state and the block
    Users,
    /// Write the model. Reads the last state, and then each block, followed by the rows of its users
    Finish {
        /// Folder to write the model to, replacing the model that is there
        #[arg(long)]
        output: PathBuf,
    },
}

/// What is learned, and how.
#[derive(ClapArgs)]
struct Begin {
    /// File with the catalogue
    #[arg(long)]
    movies: Option<PathBuf>,
    /// File with links to other catalogues
    #[arg(long, requires = "movies")]
    links: Option<PathBuf>,
    /// If there is no catalogue, use the ids of the rated movies as their titles
    #[arg(long)]
    titles_from_ids: bool,
    /// Hyperparameter of `vb`; may be given several times
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    seed: u64,
    /// Share of the ratings to hold out for measuring the model; 0 for none
    #[arg(long, default_value_t = 0.1, value_name = "SHARE", allow_hyphen_values = true)]
    hold_out: f64,
    /// Scale of the ratings
    #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    scale: RatingScale,
    /// Name of the training job, for the manifest
    #[arg(long)]
    training_job: Option<String>,
}

/// Computes one step.
pub fn run(args: Args) -> Result<ExitCode> {
    match args.step {
        Step::Begin(begin) => print(&first_state(begin)?)?,
        Step::Pack { scale } => {
            let mut csv = Vec::new();
            io::stdin().lock().read_to_end(&mut csv).context("cannot read standard input")?;
            print(&pack(csv, scale)?)?;
        }
        Step::Pass => {
            let state: State = required()?;
            print(&state.pass(&required()?)?)?;
        }
        Step::Add => {
            let mut sums: Sums = required()?;
            while let Some(others) = next()? {
                sums.add(others)?;
            }
            print(&sums)?;
        }
        Step::Solve => {
            let state: State = required()?;
            print(&state.solve(required()?)?)?;
        }
        Step::Users => {
            let state: State = required()?;
            print(&state.users(&required()?)?)?;
        }
        Step::Finish { output } => finish(&output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn first_state(begin: Begin) -> Result<State> {
    let Begin { movies, links, titles_from_ids, parameters, seed, hold_out, scale, training_job } = begin;
    if !HOLD_OUTS.contains(&hold_out) {
        bail!("--hold-out is {hold_out}; it must be {HOLD_OUT_RANGE}");
    }
    if movies.is_none() && !titles_from_ids {
        bail!(
            "there is no catalogue, which has the titles of the movies; give one with --movies, or use the ids as titles \
             with --titles-from-ids"
        );
    }
    let movies = movies.as_deref().map(read_csv).transpose()?;
    let links = links.as_deref().map(read_csv).transpose()?;
    // The ratings are read after this step.
    let data_as_of = Some(now());
    let settings = Settings { parameters, seed, hold_out, scale, titles_from_ids, training_job, data_as_of };
    let (state, report) = State::begin(settings, movies.as_ref(), links.as_ref())?;
    eprint!("{report}");
    Ok(state)
}

fn finish(output: &std::path::Path) -> Result<()> {
    check_output(output)?;
    let mut gathering = Gathering::new(required()?)?;
    while let Some(block) = next::<Block>()? {
        gathering.add(block, required::<Users>()?)?;
    }
    let Gathered { dataset, plan, trained } = gathering.train(&TerminalProgress::new())?;
    let waiting = Waiting::with("writing the model");
    let manifest = write(output, &dataset, &plan, &trained, &Digests::new())?;
    drop(waiting);
    print_summary(output, &manifest);
    Ok(())
}

/// The next message on standard input, which must be there.
fn required<M: Message>() -> Result<M> {
    next()?.with_context(|| format!("standard input ends where the message `{}` should begin", M::KIND))
}

/// The next message on standard input, if there is one.
fn next<M: Message>() -> Result<Option<M>> {
    let mut input = io::stdin().lock();
    let mut length = Vec::new();
    let cannot = "cannot read standard input";
    (&mut input).take(size_of::<u64>() as u64).read_to_end(&mut length).context(cannot)?;
    if length.is_empty() {
        return Ok(None);
    }
    let whole = length.try_into().ok().map(u64::from_le_bytes);
    let mut bytes = Vec::new();
    (&mut input).take(whole.unwrap_or(0)).read_to_end(&mut bytes).context(cannot)?;
    if whole != Some(bytes.len() as u64) {
        bail!("standard input ends within the message `{}`; send it again as a whole", M::KIND);
    }
    Ok(Some(M::read(&bytes)?))
}

fn print(message: &impl Message) -> Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let written = message.write(&mut output).and_then(|()| output.flush());
    written.context("cannot write to standard output")
}
