//! What a job writes: a model, a report and metrics.

use serde_json::{Value, json};

use super::job::{FEW, Job, TITLES, metric, small};
use crate::support::{root, succeed};

#[test]
fn a_job_writes_a_model_a_report_and_metrics() {
    let job = Job::new(
        &json!({"algorithm": "\"svd\"", "n_factors": "\"8\"", "n_epochs": "2", "sagemaker_region": "x"}),
    );
    let printed = job.succeed();
    let model = job.model();
    let hold_out = model.manifest().metrics.hold_out.unwrap();
    assert_eq!(model.manifest().training_job.as_deref(), Some("job-1"));
    assert!((metric(&printed, "validation_rmse") - hold_out.rmse).abs() < 1e-6, "{printed}");
    assert!((metric(&printed, "validation_mae") - hold_out.mae).abs() < 1e-6, "{printed}");
    assert!(printed.contains("epoch=2; train_rmse=0."), "{printed}");
    let evaluation = job.evaluation();
    assert_eq!(evaluation["model_version"], model.manifest().version.as_str());
    assert_eq!(evaluation["validation"]["test_count"], 9_872);
    assert_eq!(std::fs::read_dir(job.path("checkpoints")).into_iter().flatten().count(), 0);

    let local = tempfile::tempdir().unwrap();
    let output = local.path().join("model");
    succeed(&[
        "train",
        "--output",
        output.to_str().unwrap(),
        "--algorithm",
        "svd",
        "-p",
        "n_factors=8",
        "-p",
        "n_epochs=2",
    ]);
    assert!(std::fs::read(output.join("model.safetensors")).unwrap() == job.tensors());
}

#[test]
fn the_printed_metrics_are_found_by_the_printed_definitions() {
    let printed = Job::new(&small()).succeed();
    let definitions: Value = serde_json::from_str(&succeed(&["sagemaker", "metric-definitions"])).unwrap();
    let names: Vec<&str> = definitions
        .as_array()
        .unwrap()
        .iter()
        .map(|definition| definition["Name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["train:rmse", "validation:rmse", "validation:mae", "tuning:rmse"]);
    for definition in definitions.as_array().unwrap() {
        let regex = regex_lite::Regex::new(definition["Regex"].as_str().unwrap()).unwrap();
        let found: Vec<f64> =
            regex.captures_iter(&printed).map(|capture| capture[1].parse().unwrap()).collect();
        let expected = match definition["Name"].as_str().unwrap() {
            "train:rmse" => 4,
            "tuning:rmse" => 0,
            _ => 1,
        };
        assert_eq!(found.len(), expected, "{definition}");
        assert!(found.iter().all(|value| (0.5..1.5).contains(value)), "{found:?}");
    }
}

#[test]
fn the_documented_definitions_are_the_printed_ones() {
    let printed: Value = serde_json::from_str(&succeed(&["sagemaker", "metric-definitions"])).unwrap();
    for file in ["training-job.json", "tuning-job.json"] {
        let json = std::fs::read(root().join("container").join(file)).unwrap();
        let job: Value = serde_json::from_slice(&json).unwrap();
        let definition = job.get("TrainingJobDefinition").unwrap_or(&job);
        assert_eq!(definition["AlgorithmSpecification"]["MetricDefinitions"], printed, "{file}");
    }
}

#[test]
fn the_model_is_measured_on_a_channel_of_its_own() {
    let job = Job::without_data(&small());
    job.put("input/data/train/ratings.csv", FEW);
    job.put("input/data/train/movies.csv", TITLES);
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n1,10,4\n3,10,4.5\n2,99,3\n");
    let printed = job.succeed();
    let model = job.model();
    // Nobody can ask for movie 99, which is not in the catalogue.
    let squares = [("1", "10", 4.0), ("3", "10", 4.5)].map(|(user, movie, value)| {
        let (user, movie) = (model.user_row(&user.into()), model.movie_row(&movie.into()));
        (f64::from(model.factors().score(user, movie)) - value).powi(2)
    });
    let rmse = (squares.iter().sum::<f64>() / 2.0).sqrt();
    assert!((metric(&printed, "validation_rmse") - rmse).abs() < 1e-5, "{printed}");
    assert_eq!(job.evaluation()["validation"]["measured_on"], "the channel validation");

    let job = Job::new(&json!({"hold_out": "0.2"}));
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n1,10,4\n");
    assert!(job.fail().contains("`hold_out` and a channel `validation` exclude each other"));
}

#[test]
fn one_of_several_hosts_trains() {
    let resource =
        |current: &str| json!({"current_host": current, "hosts": ["algo-1", "algo-2"]}).to_string();
    let idle = Job::new(&small());
    idle.put("input/config/resourceconfig.json", &resource("algo-2"));
    assert!(idle.succeed().contains("algo-2 is idle: algo-1 trains"));
    assert!(!idle.path("model").exists());
    let first = Job::new(&small());
    first.put("input/config/resourceconfig.json", &resource("algo-1"));
    first.succeed();
    assert_eq!(first.model().manifest().counts.ratings, 100_004);
}

#[test]
fn hyperparameters_make_a_job_tune() {
    let job = Job::new(&json!({
        "algorithm": "svd", "tune": "grid",
        "n_factors": "4,8", "n_epochs": "1,3", "lr_all": "0.005", "reg_all": "0.02",
    }));
    let printed = job.succeed();
    let table = std::fs::read_to_string(job.path("output/data/tuning.csv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        rows[0][..9],
        ["rank", "status", "folds", "mean_rmse", "mean_mae", "n_factors", "n_epochs", "lr_all", "reg_all"]
    );
    assert_eq!(rows.len(), 5);
    let best = &rows[1];
    let manifest = job.model().manifest().clone();
    assert_eq!(manifest.hyperparameters["n_factors"].to_string(), best[5]);
    assert_eq!(manifest.hyperparameters["n_epochs"].to_string(), best[6]);
    let last = printed.lines().rfind(|line| line.starts_with("tuning_rmse=")).unwrap();
    assert_eq!(last, format!("tuning_rmse={};", best[3]));
    assert!(
        (job.evaluation()["tuning"]["mean_rmse"].as_f64().unwrap() - best[3].parse::<f64>().unwrap()).abs()
            < 1e-6
    );
}
