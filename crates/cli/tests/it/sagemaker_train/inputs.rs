//! What a job reads: channels, parts, compressed files and releases of MovieLens.

use serde_json::json;

use super::job::{FEW, Job, TITLES, gzip, small};
use crate::support::root;

#[test]
fn parts_and_gzip_are_the_same_data() {
    let whole = Job::new(&small());
    whole.succeed();
    let ratings = std::fs::read_to_string(root().join("data/ratings.csv")).unwrap();
    let (header, rows) = ratings.split_once('\n').unwrap();
    let middle = rows[..rows.len() / 2].rfind('\n').unwrap() + 1;
    let parts = [&rows[..middle], &rows[middle..]].map(|rows| format!("{header}\n{rows}"));

    let job = Job::without_data(&small());
    job.put("input/data/train/part-1.csv", &parts[0]);
    job.put_bytes("input/data/train/part-2.csv.gz", &gzip(parts[1].as_bytes()));
    job.put("input/data/train/_SUCCESS", "");
    job.put_bytes(
        "input/data/movies/movies.csv.gz",
        &gzip(&std::fs::read(root().join("data/movies.csv")).unwrap()),
    );
    let mode = json!({"TrainingInputMode": "FastFile", "S3DistributionType": "FullyReplicated", "ContentType": "text/csv"});
    job.put("input/config/inputdataconfig.json", &json!({"train": mode, "movies": mode}).to_string());
    job.succeed();
    assert!(job.tensors() == whole.tensors());
    let files: Vec<String> = job.model().manifest().data.keys().cloned().collect();
    assert_eq!(files, ["movies.csv.gz", "part-1.csv", "part-2.csv.gz"]);
}

#[test]
fn a_job_compares_its_model_with_that_in_the_channel_live() {
    let with_few = || {
        let job = Job::without_data(&small());
        job.put("input/data/train/ratings.csv", FEW);
        job.put("input/data/train/movies.csv", TITLES);
        job
    };
    let (live, job) = (with_few(), with_few());
    live.succeed();
    for file in ["manifest.json", "model.safetensors", "movies.csv"] {
        let bytes = std::fs::read(live.path(&format!("model/{file}"))).unwrap();
        job.put_bytes(&format!("input/data/live/{file}"), &bytes);
    }
    let train = |job: &Job, requested: &str| {
        let output = job.command().env("JOB_REQUESTED_AT", requested).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), job.model().manifest().clone())
    };
    let (printed, manifest) = train(&job, "2026-01-31T12:00:00Z");
    let compared = manifest.against_live.unwrap();
    assert_eq!(compared.live_version, live.model().manifest().version);
    assert_eq!((compared.came_in, compared.errors), (0, None), "it has learned all");
    assert!(printed.contains("only 0 ratings came in since"), "{printed}");
    assert_eq!(manifest.data_as_of.as_deref(), Some("2026-01-31T12:00:00Z"));

    // Of a damaged model nothing can be learned, and the new one is needed all the more.
    job.put("input/data/live/manifest.json", "{}");
    let (printed, manifest) = train(&job, "");
    assert!(printed.contains("the live model cannot be read, so the new model is not compared"), "{printed}");
    assert_eq!(manifest.against_live, None);
    assert!(manifest.data_as_of.unwrap() <= manifest.created_at);
    let output = job.command().env("JOB_REQUESTED_AT", "soon").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("JOB_REQUESTED_AT is invalid: `soon`"));
}

#[test]
fn a_validation_on_movies_outside_of_the_catalogue_is_refused() {
    let job = Job::without_data(&small());
    job.put(
        "input/data/train/ratings.csv",
        "userId,movieId,rating\n1,10,4\n1,20,2\n2,10,5\n2,20,3\n3,99,1\n",
    );
    job.put("input/data/train/movies.csv", "movieId,title\n10,Ten\n20,Twenty\n");
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n1,10,4\n3,99,1\n2,98,3\n");
    let printed = job.succeed();
    assert!(
        printed.contains(
            "2 of 3 ratings of the channel `validation` are of movies that are not in the catalogue"
        ),
        "{printed}"
    );
    assert_eq!(job.evaluation()["validation"]["test_count"], 1);

    let job = Job::new(&small());
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n3,foreign,1\n");
    let reason = job.fail();
    assert!(
        reason.starts_with("none of the 1 ratings of the channel `validation` is of a movie"),
        "{reason}"
    );
    // Before any training.
    let output = job.command().output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("train_rmse="));
}

#[test]
fn a_job_ignores_hidden_and_empty_files() {
    let job = Job::without_data(&small());
    job.put("input/data/training/part-1.csv", FEW);
    job.put("input/data/training/part-2.csv", "");
    job.put("input/data/training/movies.csv", TITLES);
    job.put_bytes("input/data/training/._part-1.csv", b"\0\x05\x16\x07");
    job.put(
        "input/data/training/.ipynb_checkpoints/part-1-checkpoint.csv",
        "userId,movieId,rating\nerased,10,5\nerased,20,1\n",
    );
    let printed = job.succeed();
    assert!(
        printed.contains("4 ratings of 2 movies by 2 users; 2 movies in the catalogue; faults: 0"),
        "{printed}"
    );
    assert!(!job.model().predict(&"erased".into(), &"10".into()).unwrap().known_user);
}

#[test]
fn a_channel_may_be_called_training_and_unknown_ones_are_refused() {
    let job = Job::without_data(&small());
    job.put("input/data/training/ratings.csv/part-0.csv", FEW);
    job.put_bytes("input/data/training/movies.csv.gz", &gzip(TITLES.as_bytes()));
    job.put("input/config/inputdataconfig.json", r#"{"training":{}}"#);
    job.put("input/data/.cache/a.csv", "x");
    std::fs::create_dir_all(job.path("input/data/lost+found")).unwrap();
    job.succeed();

    for name in ["extra", "Train", "data", "default"] {
        let job = if name == "extra" { Job::new(&small()) } else { Job::without_data(&small()) };
        job.put(&format!("input/data/{name}/ratings.csv"), FEW);
        let reason = job.fail();
        assert!(
            reason.starts_with(&format!(
                "unknown channel `{name}`; a job reads `train` (the ratings to train on"
            )),
            "{reason}"
        );
    }

    let job = Job::new(&small());
    job.put("input/config/inputdataconfig.json", r#"{"train":{},"test":{}}"#);
    let reason = job.fail();
    assert!(reason.contains("unknown channel `test`; a job reads `train`"), "{reason}");

    let job = Job::new(&small());
    job.put("input/data/training/ratings.csv", FEW);
    assert!(job.fail().contains("two names for the same"));
}

#[test]
fn a_catalogue_beside_the_ratings_is_reported_if_there_is_a_channel_of_movies() {
    let job = Job::without_data(&small());
    job.put("input/data/train/ratings.csv", FEW);
    job.put("input/data/train/movies.csv", "movieId,title\n10,Another\n20,Other\n");
    job.put("input/data/movies/movies.csv", TITLES);
    let output = job.command().output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("note: not reading movies.csv in channel `train`"), "{printed}");
    assert_eq!(job.model().predict(&"1".into(), &"20".into()).unwrap().title, "Twenty");
}

#[test]
fn a_job_without_a_catalogue_needs_a_hyperparameter_and_has_ids_as_titles() {
    let job = Job::without_data(&small());
    job.put("input/data/train/ratings.csv", FEW);
    let reason = job.fail();
    assert!(
        reason.contains("channel `train` has no movies.csv") && reason.contains("`titles_from_ids`"),
        "{reason}"
    );

    let job = Job::without_data(&json!({"algorithm": "svd", "titles_from_ids": "true"}));
    job.put("input/data/train/ratings.csv", FEW);
    job.succeed();
    assert_eq!(job.model().predict(&"1".into(), &"20".into()).unwrap().title, "20");
}

#[test]
fn a_job_reads_a_release_in_its_own_format() {
    let job = Job::without_data(&small());
    job.put(
        "input/data/train/ml-1m/ratings.dat",
        "1::10::5::978300760\n1::20::2::978300761\n2::10::4::978300762\n",
    );
    job.put_bytes("input/data/train/ml-1m/movies.dat", b"10::Caf\xe9 (1990)::Drama\n20::Beta (1991)::War\n");
    job.succeed();
    assert_eq!(job.model().predict(&"2".into(), &"10".into()).unwrap().title, "Café (1990)");
}
