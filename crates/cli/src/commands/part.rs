//! `matinee part`: the steps of a training that is divided among machines. They read messages from standard input and print
//! messages: see [`matinee_train::parts`].

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args as ClapArgs, Subcommand, value_parser};
use matinee_model::RatingScale;
use matinee_model::artifact::check_output;
use matinee_train::parts::{
    Assignment, Block, Gathered, Gathering, Message, PartError, Settings, Shares, State, Sums, Users, pack,
};
use matinee_train::ratings::Digests;
use matinee_train::state::StateError;
use matinee_train::training::{HOLD_OUT_RANGE, HOLD_OUTS, now, write};

use super::learning::name_and_value;
use super::train::print_summary;
use crate::files::read_csv;
use crate::progress::{TerminalProgress, Waiting};

/// A model of 4 billion ratings has blocks of a few thousand ratings then.
const MOST_BLOCKS: i64 = 1_000_000;
const CANNOT_PRINT: &str = "cannot write to standard output";

/// Which step.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

/// The steps. Messages on standard input, and those that `lead` prints, come after their length in bytes (8 bytes, little
/// endian). An empty one marks the end of several.
#[derive(Subcommand)]
enum Step {
    /// Decide what is computed, and write the model. Prints what comes next as three messages: its name, the state, and the
    /// assignment. The state is empty if it is the same for the blocks as before. The assignment is empty if the state is not
    /// learning. After each pass, reads the sums of all blocks, and prints what comes next. After the first pass, prints the number
    /// of models, and what comes next for each; from then on, the passes of each model are independent of those of the others.
    /// When a model is done, its state is empty, unless all are done. Then reads each block with the rows of its users
    Lead(Lead),
    /// Divide lines of ratings among blocks, by user. Reads lines of CSV, each after its length in bytes (4 bytes, big endian), the
    /// place at which its part of the files begins, and a space. A place is the number of the file times 2^40, plus the bytes of
    /// the file before the part. Prints the lines of each block, with the place of each in a last column
    Divide {
        /// Number of blocks
        #[arg(long, value_parser = value_parser!(u32).range(1..=MOST_BLOCKS))]
        blocks: u32,
        /// First line of all files
        #[arg(long, allow_hyphen_values = true)]
        header: String,
        /// The files have no headers; each line has a place of its own
        #[arg(long)]
        without_headers: bool,
    },
    /// Print a block: the ratings of some users, which are CSV on standard input
    Pack {
        /// Scale of the ratings
        #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
        scale: RatingScale,
    },
    /// Print what a state that is counting asks for. Reads the state and a block
    Count,
    /// Print a block as a state that is learning needs it. Reads the state and the block
    Arrange,
    /// Print the sums of a pass. Reads an assignment and one arranged block or several
    Pass,
    /// Print the sums of several blocks. Reads the sums of each
    Add,
    /// Print the rows of the users of a block. Reads the last state and the block
    Users,
}

/// What is learned, and how.
#[derive(ClapArgs)]
struct Lead {
    /// Folder to write the model to, replacing the model that is there
    #[arg(long)]
    output: PathBuf,
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
        Step::Lead(lead) => self::lead(lead)?,
        Step::Divide { blocks, header, without_headers } => {
            let mut shares = Shares::new(blocks as usize, &header, !without_headers)?;
            whole(shares.read(io::stdin().lock()), "line")?;
            shares.into_lines().iter().try_for_each(|lines| print_bytes(lines))?;
        }
        Step::Pack { scale } => {
            let mut csv = Vec::new();
            io::stdin().lock().read_to_end(&mut csv).context("cannot read standard input")?;
            print(&pack(csv, scale)?)?;
        }
        Step::Count => {
            let state: State = required()?;
            print(&state.count(&required()?)?)?;
        }
        Step::Arrange => {
            let state: State = required()?;
            print(&state.arrange(&required()?)?)?;
        }
        Step::Pass => {
            let assignment: Assignment = required()?;
            let mut blocks = vec![required()?];
            while let Some(block) = next()? {
                blocks.push(block);
            }
            print(&assignment.pass(&blocks)?)?;
        }
        Step::Add => print(&sum()?)?,
        Step::Users => {
            let state: State = required()?;
            print(&state.users(&required()?)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lead(lead: Lead) -> Result<()> {
    let output = lead.output.clone();
    check_output(&output)?;
    let state = first_state(lead)?;
    announce(&state, true)?;
    let mut gathering = Gathering::new(learned(state.solve(sum()?)?.models())?)?;
    while let Some(block) = next::<Block>()? {
        gathering.add(block, required::<Users>()?)?;
    }
    let Gathered { dataset, plan, trained } = gathering.train(&TerminalProgress::new())?;
    let waiting = Waiting::with("writing the model");
    let manifest = write(&output, &dataset, &plan, &trained, &Digests::new())?;
    drop(waiting);
    print_summary(&output, &manifest);
    Ok(())
}

/// Learns all models, and takes the sums in any order. Returns the state in which they are learned.
fn learned(mut models: Vec<State>) -> Result<State> {
    print_bytes(models.len().to_string().as_bytes())?;
    models.iter().try_for_each(|model| announce(model, true))?;
    loop {
        let sums = sum()?;
        let index = models.iter().position(|model| model.expects(&sums)).ok_or(PartError::OtherPass)?;
        let before = models.remove(index);
        let was_learning = before.is_learning();
        models.insert(index, before.solve(sums)?);
        if models.iter().all(State::is_done) {
            let state = State::join(models)?;
            announce(&state, true)?;
            return Ok(state);
        }
        announce(&models[index], !was_learning && !models[index].is_done())?;
    }
}

/// Prints what comes next for a model. While a model is learned, the state changes, but what blocks read of it does not.
fn announce(state: &State, is_other: bool) -> Result<()> {
    print_bytes(state.headline().as_bytes())?;
    print_with_length(is_other.then_some(state))?;
    print_with_length(state.assignment().as_ref())
}

fn first_state(lead: Lead) -> Result<State> {
    let Lead { movies, links, titles_from_ids, parameters, seed, hold_out, scale, training_job, .. } = lead;
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
    // The ratings are read from now on.
    let data_as_of = Some(now());
    let settings = Settings { parameters, seed, hold_out, scale, titles_from_ids, training_job, data_as_of };
    let (state, report) = State::begin(settings, movies.as_ref(), links.as_ref())?;
    eprint!("{report}");
    Ok(state)
}

/// The sum of all sums on standard input.
fn sum() -> Result<Sums> {
    let mut sums: Sums = required()?;
    while let Some(others) = next()? {
        sums.add(others)?;
    }
    Ok(sums)
}

/// The next message on standard input, which must be there.
fn required<M: Message>() -> Result<M> {
    next()?.with_context(|| format!("there is no message `{}` on standard input", M::KIND))
}

/// The next message on standard input. `None` if an empty one marks the end.
fn next<M: Message>() -> Result<Option<M>> {
    let mut input = io::stdin().lock();
    let mut length = [0; size_of::<u64>()];
    let read = input.read_exact(&mut length).map_err(|error| PartError::State(error.into()));
    let message = match (read, u64::from_le_bytes(length)) {
        (Ok(()), 0) => return Ok(None),
        (Ok(()), length) => M::read_from(input, length),
        (Err(error), _) => Err(error),
    };
    whole(message, M::KIND).map(Some)
}

/// What was read. Input that breaks off is an error that says so.
fn whole<T>(read: Result<T, PartError>, what: &str) -> Result<T> {
    match read {
        Err(PartError::State(StateError::Io(error))) if error.kind() == ErrorKind::UnexpectedEof => {
            bail!("standard input ends before or within the message `{what}`; send it again as a whole")
        }
        read => Ok(read?),
    }
}

fn print(message: &impl Message) -> Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let written = message.write(&mut output).and_then(|()| output.flush());
    written.context(CANNOT_PRINT)
}

/// Prints the message, or an empty one, after its length.
fn print_with_length(message: Option<&impl Message>) -> Result<()> {
    let mut bytes = Vec::new();
    message.map_or(Ok(()), |message| message.write(&mut bytes)).context(CANNOT_PRINT)?;
    print_bytes(&bytes)
}

fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut output = io::stdout().lock();
    let written =
        output.write_all(&(bytes.len() as u64).to_le_bytes()).and_then(|()| output.write_all(bytes));
    written.and_then(|()| output.flush()).context(CANNOT_PRINT)
}
