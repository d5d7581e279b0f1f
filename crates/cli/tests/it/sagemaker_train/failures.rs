//! What a job refuses, and the reason that it writes.

use serde_json::json;

use super::job::{Job, TITLES, gzip, small};

#[test]
fn every_kind_of_bad_input_has_its_reason() {
    let no_data = Job::without_data(&small());
    assert!(no_data.fail().starts_with("there is no channel `train`"));

    let empty = Job::without_data(&small());
    empty.put("input/data/train/movies.csv", "movieId,title\n");
    assert!(empty.fail().starts_with("channel `train` has no ratings.csv: it holds movies.csv"));

    let bad_rating = Job::without_data(&small());
    bad_rating.put("input/data/train/ratings.csv", "userId,movieId,rating\n1,10,4\n1,20,ten\n");
    bad_rating.put("input/data/train/movies.csv", TITLES);
    assert!(
        bad_rating
            .fail()
            .starts_with("a model cannot be trained on this data: ratings.csv:3: `ten` is not a number")
    );

    let unknown = Job::new(&json!({"n_factor": "8"}));
    assert!(unknown.fail().starts_with("unknown hyperparameter `n_factor`; algorithm bayes takes n_factors"));

    let out_of_range = Job::new(&json!({"algorithm": "svd", "lr_all": "7"}));
    assert!(out_of_range.fail().contains("`lr_all` is `7`; it must be a number from"));

    let pipe = Job::new(&small());
    pipe.put("input/config/inputdataconfig.json", r#"{"train":{"TrainingInputMode":"Pipe"}}"#);
    assert!(
        pipe.fail().starts_with("channel `train` has TrainingInputMode Pipe; it must be File or FastFile")
    );

    let no_json = Job::new(&small());
    no_json.put("input/config/hyperparameters.json", "n_factors=8");
    assert!(no_json.fail().contains("hyperparameters.json does not have the form that SageMaker writes"));

    let damaged = Job::without_data(&small());
    damaged.put_bytes("input/data/train/ratings.csv.gz", &gzip(b"userId,movieId,rating\n1,10,4\n")[..20]);
    damaged.put("input/data/train/movies.csv", TITLES);
    assert!(damaged.fail().contains("ratings.csv.gz is damaged"));

    let diverging = Job::new(&json!({
        "algorithm": "svd", "tune": "grid", "n_factors": "8", "n_epochs": "5", "lr_all": "1", "reg_all": "0"
    }));
    assert!(diverging.fail().starts_with("svd diverged at every point; try smaller values of `lr_all`"));

    let few = Job::without_data(&json!({"algorithm": "bias", "tune": "grid", "reg_u": "1,4"}));
    few.put("input/data/train/ratings.csv", "userId,movieId,rating\n1,10,4\n2,20,4\n3,10,5\n");
    few.put("input/data/train/movies.csv", TITLES);
    let reason = few.fail();
    assert!(
        reason.starts_with("hyperparameter `tune_folds`: 5 folds of 3 ratings: some would be empty"),
        "{reason}"
    );

    let too_much = Job::new(&json!({"hold_out": "0.999"}));
    assert!(
        too_much
            .fail()
            .starts_with("hyperparameter `hold_out` is `0.999`; it must be at least 0 and at most 0.5")
    );

    let foreign = Job::new(&small());
    foreign.put("model/notes.txt", "mine");
    let reason = foreign.fail();
    assert!(reason.contains("model holds notes.txt, which matinee did not write"), "{reason}");
    assert_eq!(std::fs::read_to_string(foreign.path("model/notes.txt")).unwrap(), "mine");
}

#[test]
fn a_later_success_removes_the_failure_file() {
    let job = Job::new(&json!({"algorithm": "magic"}));
    assert!(job.fail().starts_with("unknown algorithm `magic`"));
    job.put("input/config/hyperparameters.json", &small().to_string());
    job.succeed();
}
