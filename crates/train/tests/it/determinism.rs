//! The same data, hyperparameters and seed give the same bytes on any number of threads.

use matinee_model::Factors;
use matinee_train::algorithms::{CHOICES, configure};
use matinee_train::progress::Silent;
use matinee_train::ratings::Dataset;
use matinee_train::training::{Plan, train, write};

use crate::sample_data::{movielens, movielens_files};

fn fit(algorithm: &str, seed: u64, threads: usize) -> Factors {
    let dataset = movielens();
    let training = dataset.training(&dataset.ratings, seed);
    let given = match algorithm {
        "bayes" => vec![("n_burn_in", "1"), ("n_samples", "2"), ("n_factors", "3")],
        "vb" => vec![("n_epochs", "5"), ("n_factors", "5")],
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
    for algorithm in ["bayes", "vb", "svd"] {
        assert!(fit(algorithm, 1, 2) != fit(algorithm, 2, 2), "{algorithm}");
    }
}

/// The files of an artifact, except the manifest, which has the time of training in it.
fn artifact(dataset: &Dataset, plan: &Plan, threads: usize) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let trained = train(dataset, plan, &Silent);
        write(&path, dataset, plan, &trained, &movielens_files().digests()).unwrap();
    });
    ["model.safetensors", "movies.csv"].iter().map(|file| std::fs::read(path.join(file)).unwrap()).collect()
}

#[test]
fn vb_writes_the_same_files_on_any_number_of_threads() {
    let algorithm = configure("vb", [("n_epochs", "5"), ("n_factors", "6")]).unwrap();
    let plan = Plan::new(algorithm, 1, 0.1);
    // Few users, so that the ranking head is trained quickly.
    let mut dataset = movielens().clone();
    dataset.timestamps = None;
    dataset.ratings = dataset.ratings.iter().take(12_000).collect();
    let alone = artifact(&dataset, &plan, 1);
    for threads in [2, 7, 48] {
        assert!(artifact(&dataset, &plan, threads) == alone, "{threads} threads");
    }
}
