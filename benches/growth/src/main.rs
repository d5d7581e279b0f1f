//! Training on generated ratings, whose noise is known. `run.sh`, `stages.sh` and `shares.sh` call it.
//!
//! Each process trains once, so that the peak memory belongs to it.

mod files;
mod fit;
mod planted;
mod process;
mod shares;
mod stages;
mod written;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use matinee_model::RatingScale;
use matinee_train::algorithms;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Learns from generated ratings, and prints time, peak memory, and the error next to the lowest possible error
    Fit {
        /// How many ratings
        ratings: usize,
        /// Algorithm
        #[arg(long, default_value = algorithms::DEFAULT)]
        algorithm: String,
        /// Hyperparameters
        #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
    },
    /// Writes generated ratings and their movies to a folder, as CSV
    Write {
        /// How many ratings
        ratings: usize,
        /// Where to
        folder: PathBuf,
        /// How many ratings each user has on average
        #[arg(long, default_value_t = planted::RATINGS_PER_USER)]
        ratings_per_user: f64,
    },
    /// Does all of training on the ratings in a folder, and prints time and peak memory of each stage
    Stages {
        /// Folder with ratings.csv and movies.csv
        folder: PathBuf,
        /// Algorithm
        #[arg(long, default_value = "vb")]
        algorithm: String,
        /// Only reads, checks, and learns the rating model from all ratings
        #[arg(long)]
        model_only: bool,
    },
    /// Learns ranking heads from shares of the users, and prints how well they rank
    Shares {
        /// Folder with ratings.csv and movies.csv
        folder: PathBuf,
        /// Scale of the ratings
        #[arg(long, default_value_t = RatingScale::MOVIELENS)]
        scale: RatingScale,
        /// How many samples of each share
        #[arg(long, default_value_t = 1)]
        seeds: u64,
    },
}

fn main() -> Result<()> {
    match Args::parse().command {
        Command::Fit { ratings, algorithm, parameters } => fit::run(ratings, &algorithm, &parameters),
        Command::Write { ratings, folder, ratings_per_user } => {
            written::run(ratings, &folder, ratings_per_user)
        }
        Command::Shares { folder, scale, seeds } => shares::run(&folder, scale, seeds),
        Command::Stages { folder, algorithm, model_only } => stages::run(&folder, &algorithm, model_only),
    }
}
