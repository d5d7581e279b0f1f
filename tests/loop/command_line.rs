//! `matinee aws`, the same loop by hand.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use matinee_tests::{BUCKET, binary, events_folder, train_small};

use crate::world::{ROLE, STACK, World};

const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/matinee:latest";

struct CommandLine<'a> {
    world: &'a World,
    api: String,
    settings: Vec<(&'static str, &'static str)>,
}

impl CommandLine<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary("matinee"))
            .arg("aws")
            .args(arguments)
            .args(["--endpoint-url", self.world.moto.address()])
            .envs([
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
            ])
            .envs([("MATINEE_BUCKET", BUCKET), ("MATINEE_STACK", STACK), ("MATINEE_ROLE", ROLE)])
            .envs([("MATINEE_IMAGE", IMAGE), ("MATINEE_API", &self.api)])
            .envs(self.settings.iter().copied())
            .output()
            .unwrap()
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn the_loop_by_hand() {
    let world = World::start().await;
    let (mut server, api) = serve();
    let mut matinee = CommandLine { world: &world, api, settings: Vec::new() };

    let faults = matinee.refuses(&["doctor"]);
    for said in
        ["ok    bucket", "FAULT data", "FAULT image", "FAULT role", "ok    model", "ok    API", "3 of 6"]
    {
        assert!(faults.contains(said), "{said}: {faults}");
    }
    world.moto.make_role(ROLE);
    world.moto.make_image("matinee", "latest");

    let data = events_folder().with_file_name("data");
    let uploaded = matinee.says(&["upload", data.to_str().unwrap()]);
    assert!(uploaded.ends_with("data/ratings.csv\n"), "{uploaded}");
    assert!(matinee.refuses(&["upload", "/nowhere"]).contains("there is no folder"));

    let started = matinee.says(&["train", "-p", "n_factors=4"]);
    let job = started.split([' ', ':']).nth(1).unwrap().to_owned();
    assert!(matinee.says(&["jobs"]).contains(&format!("InProgress   {job}")));
    assert!(matinee.refuses(&["train"]).contains(&format!("{job} runs")));
    world.moto.finish(&job, "Failed", Some("too few ratings"));
    assert!(matinee.says(&["jobs"]).contains(&format!("Failed       {job}")));

    let ((first, one), (second, two)) = (world.artifact(0).await, world.artifact(1).await);
    assert!(matinee.says(&["versions"]).contains("no model is published yet"));
    assert_eq!(matinee.says(&["publish", &first]), format!("{one} is live; before: none\n"));
    assert_eq!(matinee.says(&["publish", &first]), format!("{one} is live already\n"));
    assert_eq!(matinee.says(&["publish", &second]), format!("{two} is live; before: {one}\n"));
    assert!(matinee.refuses(&["publish", "s3://matinee-test/none/"]).contains("not_found"));
    assert_eq!(matinee.says(&["rollback"]), format!("{one} is live; before: {two}\n"));
    assert!(matinee.refuses(&["rollback", "abc"]).contains(&format!("there are: {two}")));
    let versions = matinee.says(&["versions"]);
    assert!(
        versions.starts_with(&format!("live {one} ")) && versions.contains(&format!("     {two} ")),
        "{versions}"
    );

    matinee.settings = vec![("MATINEE_PREDICT_MEMORY_MB", "8")];
    assert!(matinee.refuses(&["publish", &second]).contains("the function has 8 MB"));
    matinee.settings = vec![("MATINEE_GATE_MAX_RMSE_RISE", "-1"), ("MATINEE_TRAINING_SPOT", "maybe")];
    assert!(matinee.refuses(&["publish", &second]).contains("GATE_MAX_RMSE_RISE is `-1`"));
    assert!(matinee.refuses(&["train"]).contains("TRAINING_SPOT is `maybe`"));
    matinee.settings.clear();

    let healthy = matinee.says(&["doctor"]);
    assert_eq!(healthy.matches("ok    ").count(), 6, "{healthy}");
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Stands for the deployed API.
fn serve() -> (Child, String) {
    let folder = tempfile::tempdir().unwrap().keep();
    train_small(&folder.join("model"), 0);
    let mut server = Command::new(binary("matinee"))
        .args(["serve", "--port", "0", "--model"])
        .arg(folder.join("model"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let address = line.split("http://").nth(1).unwrap().split(';').next().unwrap().trim().to_owned();
    (server, format!("http://{address}"))
}
