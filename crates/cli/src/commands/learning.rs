//! Arguments about training that several commands share.

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;
use matinee_model::RatingScale;
use matinee_train::algorithms::{self, Configured};

use crate::files::Titles;

/// The upper limit of `--threads`. More threads than cores only cost memory, and the system may refuse them.
const MAX_THREADS: usize = 1_024;

/// One algorithm and how to run it.
#[derive(ClapArgs)]
pub struct Learning {
    /// Algorithm; `matinee algorithms` lists them and the default
    #[arg(long)]
    algorithm: Option<String>,
    /// Hyperparameter; may be given several times
    #[arg(short = 'p', long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
    #[command(flatten)]
    pub basics: Basics,
    /// If there is no movies.csv, use the ids of the rated movies as their titles
    #[arg(long)]
    titles_from_ids: bool,
}

/// Arguments of every run.
#[derive(ClapArgs)]
pub struct Basics {
    /// Seed of all random numbers: the same data and seed give the same model
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    pub seed: u64,
    /// Scale of the ratings
    #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    pub scale: RatingScale,
    /// Number of threads, which does not change the result [default: one for each core]
    #[arg(long, allow_hyphen_values = true)]
    threads: Option<usize>,
}

impl Learning {
    /// The algorithm with its hyperparameters.
    pub fn configure(&self) -> Result<Configured> {
        Ok(algorithms::configure_or_default(self.algorithm.as_deref(), self.given())?)
    }

    /// The name of the algorithm; `default` if none is given.
    pub fn algorithm_or<'a>(&'a self, default: &'a str) -> &'a str {
        self.algorithm.as_deref().unwrap_or(default)
    }

    /// Where the titles of the movies come from.
    pub fn titles(&self) -> Titles {
        Titles::from_ids(self.titles_from_ids)
    }

    /// The hyperparameters as they were given.
    pub fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Basics {
    /// Sets the number of threads for the rest of the run.
    pub fn use_threads(&self) -> Result<()> {
        let Some(threads) = self.threads else { return Ok(()) };
        if threads == 0 || threads > MAX_THREADS {
            bail!("--threads is {threads}; it must be at least 1 and at most {MAX_THREADS}");
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .context("cannot start the threads")
    }
}

/// Reads `NAME=VALUE`.
pub fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, for example n_factors=50")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
