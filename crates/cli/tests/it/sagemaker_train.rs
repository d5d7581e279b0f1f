//! `matinee sagemaker train`: what a training job reads and leaves, under another root than `/opt/ml`.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use matinee_model::Model;
use serde_json::{Value, json};

use crate::support::{matinee, root, succeed};

const FEW: &str = "userId,movieId,rating\n1,10,4\n1,20,2\n2,10,5\n2,20,3\n";
const TITLES: &str = "movieId,title\n10,Ten\n20,Twenty\n";

/// A job's folder with `data/` as channel `train`.
struct Job(tempfile::TempDir);

impl Job {
    fn new(hyperparameters: &Value) -> Self {
        let job = Self::without_data(hyperparameters);
        for name in ["ratings.csv", "movies.csv"] {
            job.put_bytes(
                &format!("input/data/train/{name}"),
                &std::fs::read(root().join("data").join(name)).unwrap(),
            );
        }
        job
    }

    fn without_data(hyperparameters: &Value) -> Self {
        let job = Self(tempfile::tempdir().unwrap());
        job.put("input/config/hyperparameters.json", &hyperparameters.to_string());
        job
    }

    fn put(&self, path: &str, text: &str) {
        self.put_bytes(path, text.as_bytes());
    }

    fn put_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn command(&self) -> Command {
        let mut command = matinee();
        command.args(["sagemaker", "train", "--root"]).arg(self.0.path()).env("TRAINING_JOB_NAME", "job-1");
        command
    }

    /// Runs the job, which must succeed; its standard output.
    #[track_caller]
    fn succeed(&self) -> String {
        let Output { status, stdout, stderr } = self.command().output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        assert!(!self.path("output/failure").exists());
        String::from_utf8(stdout).unwrap()
    }

    /// Runs the job, which must fail; the reason that it leaves.
    #[track_caller]
    fn fail(&self) -> String {
        let output = self.command().output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(!self.path("model/manifest.json").exists());
        std::fs::read_to_string(self.path("output/failure")).unwrap()
    }

    fn model(&self) -> Model {
        Model::open(&self.path("model")).unwrap()
    }

    fn tensors(&self) -> Vec<u8> {
        std::fs::read(self.path("model/model.safetensors")).unwrap()
    }

    fn evaluation(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("output/data/evaluation.json")).unwrap()).unwrap()
    }
}

fn small() -> Value {
    json!({"algorithm": "svd", "n_factors": "8", "n_epochs": "2"})
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut gzip, bytes).unwrap();
    gzip.finish().unwrap()
}

/// The number after `name=`.
fn metric(told: &str, name: &str) -> f64 {
    let rest = told.lines().find_map(|line| line.split_once(&format!("{name}="))).unwrap().1;
    rest.split(';').next().unwrap().parse().unwrap()
}

#[test]
fn a_job_leaves_a_model_a_report_and_metrics() {
    let job = Job::new(
        &json!({"algorithm": "\"svd\"", "n_factors": "\"8\"", "n_epochs": "2", "sagemaker_region": "x"}),
    );
    let told = job.succeed();
    let model = job.model();
    let hold_out = model.manifest().metrics.hold_out.unwrap();
    assert_eq!(model.manifest().training_job.as_deref(), Some("job-1"));
    assert!((metric(&told, "validation_rmse") - hold_out.rmse).abs() < 1e-6, "{told}");
    assert!((metric(&told, "validation_mae") - hold_out.mae).abs() < 1e-6, "{told}");
    assert!(told.contains("epoch=2; train_rmse=0."), "{told}");
    let evaluation = job.evaluation();
    assert_eq!(evaluation["model_version"], model.manifest().version.as_str());
    assert_eq!(evaluation["validation"]["test_count"], 10_000);
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
    let told = Job::new(&small()).succeed();
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
        let found: Vec<f64> = regex.captures_iter(&told).map(|capture| capture[1].parse().unwrap()).collect();
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
fn a_channel_of_its_own_measures_the_model_that_is_written() {
    let job = Job::without_data(&small());
    job.put("input/data/train/ratings.csv", FEW);
    job.put("input/data/train/movies.csv", TITLES);
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n1,10,4\n3,10,4.5\n2,99,3\n");
    let told = job.succeed();
    let model = job.model();
    // Nobody can ask for movie 99, which is not in the catalogue.
    let squares = [("1", "10", 4.0), ("3", "10", 4.5)].map(|(user, movie, value)| {
        let (user, movie) = (model.user_row(&user.into()), model.movie_row(&movie.into()));
        (f64::from(model.factors().score(user, movie)) - value).powi(2)
    });
    let rmse = (squares.iter().sum::<f64>() / 2.0).sqrt();
    assert!((metric(&told, "validation_rmse") - rmse).abs() < 1e-5, "{told}");
    assert_eq!(job.evaluation()["validation"]["measured_on"], "the channel validation");

    let job = Job::new(&json!({"hold_out": "0.2"}));
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n1,10,4\n");
    assert!(job.fail().contains("`hold_out` and a channel `validation` exclude each other"));
}

#[test]
fn every_kind_of_bad_input_leaves_its_reason() {
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
            .starts_with("the data cannot be learned from: ratings.csv:3: `ten` is not a number")
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
    assert!(no_json.fail().contains("hyperparameters.json is not what SageMaker writes"));

    let damaged = Job::without_data(&small());
    damaged.put_bytes("input/data/train/ratings.csv.gz", &gzip(b"userId,movieId,rating\n1,10,4\n")[..20]);
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
fn a_reason_of_failure_does_not_outlive_the_failure() {
    let job = Job::new(&json!({"algorithm": "magic"}));
    assert!(job.fail().starts_with("unknown algorithm `magic`"));
    job.put("input/config/hyperparameters.json", &small().to_string());
    job.succeed();
}

#[test]
fn a_validation_of_movies_that_cannot_be_asked_for_is_refused() {
    let job = Job::without_data(&small());
    job.put(
        "input/data/train/ratings.csv",
        "userId,movieId,rating\n1,10,4\n1,20,2\n2,10,5\n2,20,3\n3,99,1\n",
    );
    job.put("input/data/train/movies.csv", "movieId,title\n10,Ten\n20,Twenty\n");
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n1,10,4\n3,99,1\n2,98,3\n");
    let told = job.succeed();
    assert!(
        told.contains(
            "2 of 3 ratings of the channel `validation` are of movies that are not in the catalogue"
        ),
        "{told}"
    );
    assert_eq!(job.evaluation()["validation"]["test_count"], 1);

    let job = Job::new(&small());
    job.put("input/data/validation/ratings.csv", "userId,movieId,rating\n3,none,1\n");
    let reason = job.fail();
    assert!(
        reason.starts_with("none of the 1 ratings of the channel `validation` is of a movie"),
        "{reason}"
    );
}

#[test]
fn one_of_several_hosts_learns() {
    let resource =
        |current: &str| json!({"current_host": current, "hosts": ["algo-1", "algo-2"]}).to_string();
    let idle = Job::new(&small());
    idle.put("input/config/resourceconfig.json", &resource("algo-2"));
    assert!(idle.succeed().contains("algo-2 is idle: algo-1 learns"));
    assert!(!idle.path("model").exists());
    let first = Job::new(&small());
    first.put("input/config/resourceconfig.json", &resource("algo-1"));
    first.succeed();
    assert_eq!(first.model().manifest().counts.ratings, 100_004);
}

#[test]
fn a_job_tunes_by_hyperparameters() {
    let job = Job::new(&json!({
        "algorithm": "svd", "tune": "grid",
        "n_factors": "4,8", "n_epochs": "1,3", "lr_all": "0.005", "reg_all": "0.02",
    }));
    let told = job.succeed();
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
    let last = told.lines().rfind(|line| line.starts_with("tuning_rmse=")).unwrap();
    assert_eq!(last, format!("tuning_rmse={};", best[3]));
    assert!(
        (job.evaluation()["tuning"]["mean_rmse"].as_f64().unwrap() - best[3].parse::<f64>().unwrap()).abs()
            < 1e-6
    );
}

/// Starts the job and sends SIGTERM when its output has a line with `part`.
fn interrupt(job: &Job, part: &str) -> (Option<i32>, String) {
    let mut process = job.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the job ended without `{part}`");
    }
    let signalled = Command::new("kill").arg(process.id().to_string()).status().unwrap();
    assert!(signalled.success());
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    let mut told = String::new();
    process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    (process.wait().unwrap().code(), told)
}

fn checkpoints(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_job_that_is_stopped_goes_on_and_ends_with_the_same_bytes() {
    let hyperparameters =
        json!({"algorithm": "svd", "n_factors": "8", "n_epochs": "1000", "checkpoint_interval": "3600"});
    let whole = Job::new(&hyperparameters);
    whole.succeed();
    let job = Job::new(&hyperparameters);
    for part in ["epoch=5;", "learning from all ratings"] {
        let (code, told) = interrupt(&job, part);
        assert_eq!(code, Some(143), "{told}");
        assert!(told.contains("told to stop; what was done is saved in"), "{told}");
        assert_eq!(checkpoints(&job.path("checkpoints")), ["ranking.checkpoint", "training.checkpoint"]);
        assert!(!job.path("output/failure").exists() && !job.path("model").exists());
    }
    let told = job.succeed();
    assert!(told.contains("going on from the checkpoint after epoch"), "{told}");
    assert!(!told.contains("to measure"), "the first part was done before: {told}");
    assert!(job.tensors() == whole.tensors());
    assert_eq!(job.model().manifest().metrics, whole.model().manifest().metrics);
    assert!(checkpoints(&job.path("checkpoints")).is_empty());
}

#[test]
fn a_stopped_tuning_goes_on() {
    let hyperparameters = json!({"algorithm": "svd", "tune": "grid", "n_factors": "4,8", "n_epochs": "30", "tune_margin": "inf", "hold_out": "0"});
    let whole = Job::new(&hyperparameters);
    whole.succeed();
    let job = Job::new(&hyperparameters);
    let (code, told) = interrupt(&job, "fit 3 of 90");
    assert_eq!(code, Some(143), "{told}");
    assert_eq!(checkpoints(&job.path("checkpoints")), ["tuning.checkpoint"]);
    let told = job.succeed();
    assert!(!told.contains("fit 1 of 90"), "{told}");
    let table = |job: &Job| std::fs::read_to_string(job.path("output/data/tuning.csv")).unwrap();
    assert_eq!(table(&job), table(&whole));
    assert!(job.tensors() == whole.tensors());
    assert!(checkpoints(&job.path("checkpoints")).is_empty());
}

#[test]
fn a_checkpoint_of_another_job_is_refused() {
    let job = Job::new(&json!({"algorithm": "svd", "n_factors": "8", "n_epochs": "1000"}));
    interrupt(&job, "epoch=5;");
    job.put("input/config/hyperparameters.json", r#"{"algorithm":"svd","n_factors":"9","n_epochs":"1000"}"#);
    let reason = job.fail();
    assert!(reason.contains("is of other work: n_factors is 8 there and 9 here"), "{reason}");
}

#[test]
fn a_job_passes_over_what_is_hidden_or_empty() {
    let job = Job::without_data(&small());
    job.put("input/data/training/part-1.csv", FEW);
    job.put("input/data/training/part-2.csv", "");
    job.put("input/data/training/movies.csv", TITLES);
    job.put_bytes("input/data/training/._part-1.csv", b"\0\x05\x16\x07");
    job.put(
        "input/data/training/.ipynb_checkpoints/part-1-checkpoint.csv",
        "userId,movieId,rating\nerased,10,5\nerased,20,1\n",
    );
    let told = job.succeed();
    assert!(told.contains("4 ratings of 2 movies by 2 users; 2 movies in the catalogue; 0 faults"), "{told}");
    assert!(!job.model().predict(&"erased".into(), &"10".into()).unwrap().known_user);
}

#[test]
fn a_channel_may_be_called_training_and_others_are_named() {
    let job = Job::without_data(&small());
    job.put("input/data/training/ratings.csv/part-0.csv", FEW);
    job.put_bytes("input/data/training/movies.csv.gz", &gzip(TITLES.as_bytes()));
    job.put("input/config/inputdataconfig.json", r#"{"training":{}}"#);
    job.put("input/data/extra/a.csv", "x");
    let output = job.command().output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("channel `extra` is not read; a job reads `train` (the ratings to learn from"),
        "{told}"
    );

    let job = Job::new(&small());
    job.put("input/config/inputdataconfig.json", r#"{"train":{},"test":{}}"#);
    let reason = job.fail();
    assert!(reason.contains("unknown channel `test`; a job reads `train`"), "{reason}");

    let job = Job::new(&small());
    job.put("input/data/training/ratings.csv", FEW);
    assert!(job.fail().contains("two names of one"));
}

#[test]
fn a_job_without_a_catalogue_needs_a_word_and_then_has_ids_as_titles() {
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
fn a_job_reads_a_release_as_it_comes() {
    let job = Job::without_data(&small());
    job.put(
        "input/data/train/ml-1m/ratings.dat",
        "1::10::5::978300760\n1::20::2::978300761\n2::10::4::978300762\n",
    );
    job.put_bytes("input/data/train/ml-1m/movies.dat", b"10::Caf\xe9 (1990)::Drama\n20::Beta (1991)::War\n");
    job.succeed();
    assert_eq!(job.model().predict(&"2".into(), &"10".into()).unwrap().title, "Café (1990)");
}
