//! The same request gets the same answer from the library, the command line, the local server and the Lambda.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use matinee_model::Model;
use matinee_tests::{FakeRuntime, binary, read_event, train_small};
use serde_json::{Value, json};

/// Pairs of known and unknown users and movies.
const PAIRS: [(&str, &str); 6] =
    [("2", "2959"), ("1", "31"), ("671", "1"), ("nobody", "2959"), ("2", "162376"), ("nobody", "1")];

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(model: &Path) -> Self {
        let mut process = Command::new(binary("matinee"))
            .args(["serve", "--port", "0", "--model"])
            .arg(model)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split(';').next().unwrap().to_owned();
        Self { process, address }
    }

    fn predict(&self, body: &Value) -> Value {
        let url = format!("http://{}/predict", self.address);
        let answer = ureq::post(url).send(body.to_string()).unwrap().into_body().read_to_string().unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command_line(model: &Path, user: &str, movie: &str) -> Value {
    let output = Command::new(binary("matinee"))
        .args(["predict", "--user", user, "--movie", movie, "--model"])
        .arg(model)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faces_answer_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    train_small(&path, 0);
    let model = Model::open(&path).unwrap();
    let server = Server::start(&path);
    let runtime = FakeRuntime::start().await;
    let _function = runtime.run(&binary("predict"), &[("MODEL_URI", path.to_str().unwrap())]);

    for (user, movie) in PAIRS {
        let body = json!({"userId": user, "movieId": movie});
        let score = model.predict(&user.into(), &movie.into()).unwrap().score;
        let mut event = read_event("predict");
        event["body"] = body.to_string().into();
        let lambda = runtime.invoke(event).await.unwrap();
        let lambda: Value = serde_json::from_str(lambda["body"].as_str().unwrap()).unwrap();
        assert!((lambda["score"].as_f64().unwrap() - f64::from(score)).abs() < 1e-5, "{user} {movie}");
        assert_eq!(server.predict(&body), lambda);
        assert_eq!(command_line(&path, user, movie), lambda);
    }
}
