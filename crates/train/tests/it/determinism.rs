//! The same data, hyperparameters and seed give the same bytes on any number of threads.

use matinee_model::Factors;
use matinee_train::algorithms::{CHOICES, Training, configure};
use matinee_train::progress::Silent;

use crate::sample_data::movielens;

fn fit(algorithm: &str, seed: u64, threads: usize) -> Factors {
    let dataset = movielens();
    let training = Training {
        user_count: dataset.user_count(),
        movie_count: dataset.movie_count(),
        ratings: &dataset.ratings,
        seed,
    };
    let given = if algorithm == "svd" { vec![("n_epochs", "3"), ("n_factors", "20")] } else { vec![] };
    let configured = configure(algorithm, given).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| configured.fit(&training, &Silent))
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
    assert_ne!(fit("svd", 1, 2), fit("svd", 2, 2));
}
