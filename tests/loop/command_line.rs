//! `matinee aws`: the training loop by hand.

use std::process::{Command, Output};

use matinee_tests::{BUCKET, binary, events_folder};

use crate::world::{JOB_NAME_PREFIX, ROLE, STACK, TABLE, World};

const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/matinee:latest";

/// `matinee aws` with only these variables.
pub struct CommandLine {
    pub variables: Vec<(&'static str, String)>,
}

impl CommandLine {
    /// With region, credentials and the addresses of all services.
    pub fn new(address: &str) -> Self {
        let variables = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL", address),
        ];
        Self { variables: variables.map(|(name, value)| (name, value.to_owned())).to_vec() }
    }

    /// The same, with the variables that the stack's output `CommandLine` sets.
    pub fn with_settings(self, api: &str) -> Self {
        let settings = [
            ("MATINEE_BUCKET", BUCKET),
            ("MATINEE_STACK", STACK),
            ("MATINEE_JOB_NAME_PREFIX", JOB_NAME_PREFIX),
            ("MATINEE_ROLE", ROLE),
            ("MATINEE_IMAGE", IMAGE),
            ("MATINEE_API", api),
        ];
        settings.iter().fold(self, |matinee, (name, value)| matinee.with(name, value))
    }

    /// The same, with one more variable.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_matinee(&[&["aws"], arguments].concat())
    }

    pub fn run_matinee(&self, arguments: &[&str]) -> Output {
        Command::new(binary("matinee"))
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap()
    }

    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}{error}");
        said
    }

    pub fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_loop_by_hand() {
    let world = World::start().await;
    let matinee = CommandLine::new(world.moto.address()).with_settings("http://127.0.0.1:9");

    let data = events_folder().with_file_name("data");
    let uploaded = matinee.says(&["upload", data.to_str().unwrap()]);
    assert!(uploaded.ends_with("data/ratings.csv\n"), "{uploaded}");
    assert!(matinee.refuses(&["upload", "/nowhere"]).contains("there is no folder"));

    let started = matinee.says(&["train", "-p", "n_factors=4"]);
    let job = started.split([' ', ':']).nth(1).unwrap().to_owned();
    assert!(matinee.says(&["jobs"]).contains(&format!("InProgress   {job}")));
    assert!(matinee.refuses(&["train"]).contains(&format!("{job} is running")));
    world.moto.finish(&job, "Failed", Some("too few ratings"));
    assert!(matinee.says(&["jobs"]).contains(&format!("Failed       {job}")));

    let ((first, one), (second, two)) = (world.artifact(0).await, world.artifact(1).await);
    assert!(matinee.says(&["versions"]).contains("no model is published yet"));
    assert_eq!(matinee.says(&["publish", &first]), format!("{one} is live; before: none\n"));
    assert_eq!(matinee.says(&["publish", &first]), format!("{one} is already live\n"));
    assert_eq!(matinee.says(&["publish", &second]), format!("{two} is live; before: {one}\n"));
    assert!(matinee.refuses(&["publish", "s3://matinee-test/none/"]).contains("not_found"));
    assert_eq!(matinee.says(&["rollback"]), format!("{one} is live; before: {two}\n"));
    assert!(matinee.refuses(&["rollback", "abc"]).contains(&format!("the earlier versions are: {two}")));
    let versions = matinee.says(&["versions"]);
    let lines: Vec<&str> = versions.lines().collect();
    assert!(lines[0].starts_with(&format!("live        {one} ")) && lines[0].ends_with(&first), "{versions}");
    assert!(
        lines[1].starts_with(&format!("rolled back {two} ")) && lines[1].ends_with(&second),
        "{versions}"
    );
    assert!(lines[0].contains("RMSE 0.") && lines[0].contains("100004 ratings"), "{versions}");
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("versions.html");
    matinee.says(&["versions", "--html", page.to_str().unwrap()]);
    let page = std::fs::read_to_string(page).unwrap();
    for part in [one.as_str(), "● live", "rolled back", "RMSE", "100004"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("http"), "it needs no other files");
    assert!(matinee.refuses(&["versions", "--html", "/nowhere/page.html"]).contains("create it first"));

    let matinee = matinee.with("MATINEE_PREDICT_MEMORY_MB", "8");
    assert!(matinee.refuses(&["publish", &second]).contains("the predict function has 8 MB"));
    let matinee = matinee.with("MATINEE_GATE_MAX_RMSE_RISE", "-1").with("MATINEE_TRAINING_SPOT", "maybe");
    assert!(matinee.refuses(&["publish", &second]).contains("MATINEE_GATE_MAX_RMSE_RISE is invalid: `-1`"));
    assert!(matinee.refuses(&["train"]).contains("MATINEE_TRAINING_SPOT is invalid: `maybe`"));
    let matinee = matinee.with("MATINEE_JOB_NAME_PREFIX", "no_name");
    assert!(matinee.refuses(&["jobs"]).contains("`no_name`"));
}

/// As in every SDK and the AWS CLI, the address of one service takes precedence over that of all services, and an
/// option over both.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_address_of_one_service_comes_before_that_of_all() {
    let world = World::start().await;
    // Nothing listens on the discard port.
    let nowhere = CommandLine::new("http://127.0.0.1:9").with_settings("http://127.0.0.1:9");
    assert!(nowhere.refuses(&["jobs"]).contains("sagemaker:ListTrainingJobs"));
    assert_eq!(nowhere.says(&["jobs", "--endpoint-url", world.moto.address()]), "");
    let somewhere = nowhere.with("AWS_ENDPOINT_URL_SAGEMAKER", world.moto.address());
    assert_eq!(somewhere.says(&["jobs"]), "");
    assert!(
        somewhere.refuses(&["jobs", "--endpoint-url", "http://127.0.0.1:9"]).contains("dispatch failure")
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn ratings_go_into_the_table_and_come_out_again() {
    let (world, folder) = (World::start().await, tempfile::tempdir().unwrap());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let lines = "userId,movieId,rating,timestamp\n1,10,5,200\n1,20,0.5,100\n2,10,4.5,300\n";
    std::fs::write(file("new.csv"), lines).unwrap();
    let matinee = CommandLine::new(world.moto.address());
    let ratings = |matinee: &CommandLine, arguments: &[&str]| {
        let output = matinee.run_matinee(&[&["ratings"], arguments, &["--ratings", "aws"]].concat());
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        (output.status.success(), said.concat())
    };
    let (is_done, refusal) = ratings(&matinee, &["count"]);
    assert!(!is_done && refusal.contains("there is no stack `matinee`"), "{refusal}");
    assert!(refusal.contains("MATINEE_RATINGS_TABLE"), "{refusal}");

    let matinee = matinee.with("MATINEE_RATINGS_TABLE", TABLE);
    let (is_done, imported) = ratings(&matinee, &["import", &file("new.csv")]);
    assert!(
        is_done && imported.contains("kept 3 ratings, 0 of them instead of others; 0 are older"),
        "{imported}"
    );
    let (_, counted) = ratings(&matinee, &["count"]);
    assert!(
        counted.contains("3 ratings by 2 users; 0 taken back; 0 hidden movies; 0 deleted users"),
        "{counted}"
    );
    let (is_done, said) = ratings(&matinee, &["export", "--output", &file("kept.csv")]);
    assert!(is_done, "{said}");
    // The table is read in several shares at the same time, so the users are in any order.
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&std::fs::read_to_string(file("kept.csv")).unwrap()), sorted(lines));
}
