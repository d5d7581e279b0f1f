//! Training on the ratings in the table: by a job that is interrupted, and by `matinee train`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use matinee_live_ratings::{Mark, Moment, RatingStore, Write};
use matinee_sqlite_ratings::SqliteRatings;
use matinee_tests::{Recorder, TrainingJob, binary, events_folder};
use serde_json::{Value, json};

use crate::command_line::CommandLine;
use crate::live_ratings::store;
use crate::world::{TABLE, World};

/// A new user, one who changes a rating and takes another back, and one who is deleted.
async fn keep_some(store: &dyn RatingStore) {
    let write = |user: &str, movie: &str, mark: Mark, time: i64| Write {
        user: user.into(),
        movie: movie.into(),
        mark,
        time: Moment(time * 1000),
    };
    let writes = vec![
        write("new", "2959", Mark::Rated(5.0), 1_700_000_000),
        write("new", "2571", Mark::Rated(4.5), 1_700_000_001),
        write("2", "10", Mark::Rated(1.0), 1_700_000_002),
        write("2", "17", Mark::Unrated, 1_700_000_003),
        write("hides", "2959", Mark::Hidden, 1_700_000_004),
    ];
    assert!(store.keep(writes).await.iter().all(Result::is_ok));
    store.forget(&"3".into(), Moment(1_700_000_005_000)).await.unwrap();
}

async fn rate_late(store: &dyn RatingStore) {
    let time = Moment(1_700_000_006_000);
    let late = Write { user: "late".into(), movie: "2959".into(), mark: Mark::Rated(5.0), time };
    assert!(store.keep(vec![late]).await[0].is_ok());
}

/// Starts the job and sends SIGTERM when its output has a line with `part`.
fn interrupt(command: &mut Command, part: &str) {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the job ended without `{part}`");
    }
    assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    let mut printed = String::new();
    process.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(143), "{printed}");
}

/// The output of the job, which must succeed.
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn scans(role: &Recorder) -> usize {
    role.calls().iter().filter(|call| call.action == "dynamodb:Scan").count()
}

/// Version, tensors, and the digest of the changes from the store of this name.
fn learned(model: &Path, store: &str) -> (String, Vec<u8>, Value) {
    let manifest = std::fs::read(model.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let tensors = std::fs::read(model.join("model.safetensors")).unwrap();
    assert!(manifest["data"][store].is_object(), "{manifest}");
    (manifest["version"].as_str().unwrap().to_owned(), tensors, manifest["data"][store].clone())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn an_interrupted_job_resumes_with_the_ratings_that_it_has_read() {
    let world = World::start().await;
    world.upload();
    let table = store(&world.moto).await;
    keep_some(&table).await;
    let started = world.start.answer(json!({"hyperparameters": {"n_epochs": "300"}})).await;
    assert_eq!(started["status"], "started", "{started}");
    let request = world.start.recorder.training_requests().pop().unwrap();
    let (matinee, role) = (binary("matinee"), &world.training);

    let whole = TrainingJob::prepare(&world.moto, role, &request);
    succeed(&mut whole.command(role, &matinee));
    let expected = learned(&whole.root().join("model"), TABLE);

    let job = TrainingJob::prepare(&world.moto, role, &request);
    interrupt(&mut job.command(role, &matinee), "epoch=5;");
    let saved = job.root().join("checkpoints/kept-ratings.csv");
    assert!(saved.exists());
    rate_late(&table).await;
    let before = scans(role);
    let resumed = succeed(&mut job.command(role, &matinee));
    assert!(resumed.contains("continuing from the checkpoint after epoch"), "{resumed}");
    assert_eq!(scans(role), before, "the table is not read again");
    assert!(learned(&job.root().join("model"), TABLE) == expected, "the models differ");
    assert!(!saved.exists(), "a finished job leaves no ratings");

    let later = TrainingJob::prepare(&world.moto, role, &request);
    succeed(&mut later.command(role, &matinee));
    assert!(
        learned(&later.root().join("model"), TABLE) != expected,
        "a job that starts now learns the late rating"
    );
    assert!(scans(role) > before);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn a_model_learns_the_same_from_a_table_as_from_a_file() {
    let (world, folder) = (World::start().await, tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    keep_some(&store(&world.moto).await).await;
    let file = SqliteRatings::open(Path::new(&path("ratings.db"))).unwrap();
    keep_some(&file).await;
    drop(file);
    let matinee = CommandLine::new(world.moto.address());
    let data = events_folder().with_file_name("data");
    let train = |matinee: &CommandLine, ratings: &str, output: &str| {
        let data = data.to_str().unwrap();
        let arguments =
            ["train", "--algorithm", "bias", "--hold-out", "0", "--data", data, "--ratings", ratings];
        let output = matinee.run_matinee(&[&arguments[..], &["--output", &path(output)]].concat());
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
        (output.status.success(), said)
    };
    let (is_done, refusal) = train(&matinee, "aws", "none");
    assert!(!is_done && refusal.contains("MATINEE_RATINGS_TABLE"), "{refusal}");

    let matinee = matinee.with("MATINEE_RATINGS_TABLE", TABLE);
    let (is_done, said) = train(&matinee, "aws", "from-table");
    assert!(is_done && said.contains(&format!("{TABLE} brings 4 changes by 3 users")), "{said}");
    let (is_done, said) = train(&matinee, &path("ratings.db"), "from-file");
    assert!(is_done && said.contains("ratings.db brings 4 changes by 3 users"), "{said}");
    let from_table = learned(Path::new(&path("from-table")), TABLE);
    assert!(from_table == learned(Path::new(&path("from-file")), "ratings.db"), "the models differ");
}
