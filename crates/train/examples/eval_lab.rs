//! lab
use std::error::Error;
use matinee_model::RatingScale;
use matinee_train::algorithms::configure;
use matinee_train::evaluation::evaluate;
use matinee_train::progress::Silent;
use matinee_train::ratings::{CsvFile, Inputs, check};
use matinee_train::split::by_folds;
/// lab
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (dir, folds_file, scale) = (&args[1], &args[2], &args[3]);
    let read = |name: &str| -> Result<CsvFile, Box<dyn Error>> {
        Ok(CsvFile { name: name.to_owned(), bytes: std::fs::read(format!("{dir}/{name}"))? })
    };
    let inputs = Inputs { ratings: vec![read("ratings.csv")?], movies: Some(read("movies.csv")?), links: None };
    let scale = if scale == "ml" { RatingScale::MOVIELENS } else { RatingScale::new(1.0, 5.0)? };
    let (dataset, _) = check(&inputs, scale);
    let folds: Vec<u32> = std::fs::read_to_string(folds_file)?.lines().skip(1).map(|l| l.parse().unwrap()).collect();
    let given: Vec<(&str, &str)> = args[4..].iter().filter_map(|a| a.split_once('=')).collect();
    let full = configure("bayes", given)?;
    let e = evaluate(&dataset, &full, &by_folds(&folds).into_iter().skip(std::env::var("SKIP").ok().and_then(|v| v.parse().ok()).unwrap_or(0)).collect::<Vec<_>>(), 0, false, &Silent);
    println!("{:?} {:?}", e.mean, e.folds.iter().map(|f| f.rmse).collect::<Vec<_>>());
    Ok(())
}
