//! `matinee up` and `serve`: the server starts, answers, and stops at SIGTERM.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::support::{fail, matinee, succeed};

/// A server under test.
pub struct Server {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Server {
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Reads its output up to the line that holds `part`.
    pub fn line_with(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server ended without `{part}`");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ends it at once, with SIGKILL.
    pub fn kill(&self) {
        let killed = Command::new("kill").args(["-KILL", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    fn signal(&self) {
        let signalled = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(signalled.success());
    }

    pub fn terminate(mut self) -> (bool, String) {
        self.signal();
        self.ended()
    }

    fn ended(&mut self) -> (bool, String) {
        let status = self.process.wait().unwrap();
        let mut printed = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
        (status.success(), printed)
    }
}

/// No server outlives its test.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn up_trains_serves_prints_a_working_curl_command_and_stops_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    for word in ["training one on data", "serving model"] {
        let mut command = matinee();
        command.args(["up", "--port", "0", "--model"]).arg(&model);
        let mut server = Server::start(&mut command);
        server.line_with(word);
        let curl = server.line_with("curl -s");
        let (url, body) = curl.trim().strip_prefix("curl -s ").unwrap().split_once(" -d ").unwrap();
        let answer =
            ureq::post(url).send(body.trim_matches('\'')).unwrap().into_body().read_to_string().unwrap();
        assert!(answer.contains("\"predicted_rating\""), "{answer}");
        let (ended_cleanly, printed) = server.terminate();
        assert!(ended_cleanly && printed.contains("stopped"), "{printed}");
    }
}

#[test]
fn a_port_in_use_is_an_error_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    succeed(&["train", "--output", &model, "--algorithm", "mean"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = fail(&["serve", "--model", &model, "--port", &port]);
    assert!(error.contains(&format!("port {port} is in use")) && error.contains("--port"), "{error}");
    let root = folder.path().to_str().unwrap();
    let output =
        matinee().args(["sagemaker", "serve", "--root", root]).env("SAGEMAKER_BIND_TO_PORT", &port).output();
    let error = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(error.contains(&format!("port {port} is in use")), "{error}");
    assert!(error.contains("SAGEMAKER_BIND_TO_PORT") && !error.contains("--port"), "{error}");
}

/// The default folder is the same for `train`, `serve`, `up` and `predict`.
#[test]
fn serve_finds_the_model_of_train_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let data = crate::support::root().join("data");
    let train = ["train", "--algorithm", "mean", "--data", data.to_str().unwrap()];
    assert!(matinee().current_dir(&folder).args(train).output().unwrap().status.success());
    let mut server = Server::start(matinee().current_dir(&folder).args(["serve", "--port", "0"]));
    let line = server.line_with("serving model");
    // Once it has answered, it handles signals.
    let address = line.split("http://").nth(1).unwrap().split(';').next().unwrap();
    ureq::get(format!("http://{address}/health")).call().unwrap();
    let (ended_cleanly, printed) = server.terminate();
    assert!(ended_cleanly, "{printed}");
}

#[test]
fn up_does_not_replace_a_broken_model() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifest.json"), "{").unwrap();
    let error = fail(&["up", "--port", "0", "--model", folder.path().to_str().unwrap()]);
    assert!(error.contains("manifest.json") && error.contains("matinee train"), "{error}");
    assert!(folder.path().join("manifest.json").exists());
}

/// SIGTERM comes when half of a request was sent. The server answers this request but accepts no others, and its exit
/// code is 0.
#[test]
fn a_running_request_is_answered_before_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    succeed(&["train", "--output", &model, "--algorithm", "mean"]);
    let root = folder.path().to_str().unwrap();
    for (arguments, path) in [
        (["serve", "--port", "0", "--model", &model], "/predict"),
        (["up", "--port", "0", "--model", &model], "/predict"),
        (["sagemaker", "serve", "--root", root, "--"], "/invocations"),
    ] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|argument| *argument != "--").collect();
        let mut server = Server::start(matinee().args(&arguments).env("SAGEMAKER_BIND_TO_PORT", "0"));
        let line = server.line_with("http://");
        let port = line.split("http://").nth(1).unwrap().split([':', ';']).nth(1).unwrap().trim().to_owned();
        let address = format!("127.0.0.1:{port}");

        let body = r#"{"userId":"1","movieId":"31"}"#;
        let mut request = TcpStream::connect(&address).unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        request.write_all(head.as_bytes()).unwrap();
        request.write_all(&body.as_bytes()[..10]).unwrap();
        // Once the server answers a later connection, it has accepted this one.
        ureq::get(format!("http://{address}/{}", if path == "/predict" { "health" } else { "ping" }))
            .call()
            .unwrap();
        server.signal();
        while TcpStream::connect(&address).is_ok() {
            std::thread::yield_now();
        }
        request.write_all(&body.as_bytes()[10..]).unwrap();
        let mut answer = String::new();
        request.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("predicted_rating"), "{answer}");
        let (ended_cleanly, printed) = server.ended();
        assert!(ended_cleanly && printed.contains("stopped"), "{arguments:?}: {printed}");
    }
}

#[test]
fn requests_are_logged_in_json_if_that_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model").to_str().unwrap().to_owned();
    succeed(&["train", "--output", &model, "--algorithm", "mean"]);
    let mut command = matinee();
    command.args(["serve", "--port", "0", "--model", &model]);
    command.envs([("RUST_LOG", "info"), ("LOG_FORMAT", "json"), ("LOG_SAMPLE", "0.5")]);
    let mut server = Server::start(&mut command);
    let line = server.line_with("http://");
    let address = line.split("http://").nth(1).unwrap().split(';').next().unwrap();
    for _ in 0..4 {
        ureq::get(format!("http://{address}/health")).call().unwrap();
    }
    let (_, printed) = server.terminate();
    let lines: Vec<&str> = printed.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 2, "{printed}");
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["message"], &line["route"]), (&"request".into(), &"/health".into()), "{line}");
        assert!(line["timestamp"].is_string() && line["model_version"].is_string(), "{line}");
    }
}
