//! The same data, hyperparameters and seed give the same bytes on any number of threads.

use matinee_model::Factors;
use matinee_train::algorithms::{CHOICES, configure};
use matinee_train::progress::Silent;

use crate::sample_data::movielens;

fn fit(algorithm: &str, seed: u64, threads: usize) -> Factors {
    let dataset = movielens();
    let training = dataset.training(&dataset.ratings, seed);
    let given = match algorithm {
        "bayes" => vec![("n_burn_in", "1"), ("n_samples", "2"), ("n_factors", "3")],
        "svd" => vec![("n_epochs", "3"), ("n_factors", "20")],
        _ => vec![],
    };
    let configured = configure(algorithm, given).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| configured.fit(&training, &Silent).factors)
}

#[test]
fn threads_do_not_change_a_bit() {
    for choice in CHOICES {
        let alone = fit(choice.name, 1, 1);
        for threads in [2, 3, 8] {
            assert!(fit(choice.name, 1, threads) == alone, "{} on {threads} threads", choice.name);
        }
    }
}

#[test]
fn seeds_change_what_is_random() {
    for algorithm in ["bayes", "svd"] {
        assert!(fit(algorithm, 1, 2) != fit(algorithm, 2, 2), "{algorithm}");
    }
}
