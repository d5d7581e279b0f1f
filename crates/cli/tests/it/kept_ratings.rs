//! Ratings that a local server keeps: they survive its death, and train the next model.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

use crate::serve::Server;
use crate::support::{fail, matinee, succeed};

/// A folder with a small model.
struct Place {
    folder: tempfile::TempDir,
}

/// The fields of a server that matter here.
struct Running {
    server: Server,
    url: String,
}

impl Place {
    /// All places have a copy of one model, which is trained once.
    fn with_model() -> Self {
        static TRAINED: OnceLock<tempfile::TempDir> = OnceLock::new();
        let trained = TRAINED.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let model = folder.path().join("model");
            let model = model.to_str().unwrap();
            succeed(&["train", "--algorithm", "bias", "--hold-out", "0", "--output", model]);
            folder
        });
        let place = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.path("model")).unwrap();
        for file in std::fs::read_dir(trained.path().join("model")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), Path::new(&place.path("model")).join(file.file_name())).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn start(&self, command: &str, more: &[&str]) -> Running {
        let mut matinee = matinee();
        matinee.args([command, "--port", "0", "--model", &self.path("model")]).args(more);
        Running::start(&mut matinee)
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut server = Server::start(command);
        let line = server.line_with("serving model");
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        Self { url: url.trim_end_matches(';').to_owned(), server }
    }

    fn put(&self, path: &str, rating: f64) -> Result<u16, ureq::Error> {
        let body = json!({ "rating": rating }).to_string();
        Ok(ureq::put(format!("{}{path}", self.url)).send(body)?.status().as_u16())
    }

    fn get(&self, path: &str) -> Value {
        let answer = ureq::get(format!("{}{path}", self.url)).call().unwrap();
        serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap()
    }
}

#[test]
fn up_keeps_ratings_beside_the_model_and_they_change_the_next_answer() {
    let place = Place::with_model();
    let running = place.start("up", &[]);
    let recommended = || -> Vec<String> {
        let answer = running.get("/users/new/recommendations?limit=100");
        let movies = answer["recommendations"].as_array().unwrap().iter();
        movies.map(|movie| movie["movie_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(running.put("/users/new/ratings/2959", 5.0).unwrap(), 201);
    let first = recommended();
    assert!(!first.is_empty() && !first.contains(&"2959".to_owned()));
    assert_eq!(running.put(&format!("/users/new/ratings/{}", first[0]), 5.0).unwrap(), 201);
    let second = recommended();
    assert!(second != first && !second.contains(&first[0]));
    running.server.terminate();
    let counted = succeed(&["ratings", "count", "--ratings", &place.path("ratings.db")]);
    assert!(counted.starts_with("2 ratings by 1 users"), "{counted}");
}

/// Four clients write 10,000 ratings. The server is killed when a tenth is answered.
#[test]
fn what_was_answered_survives_sigkill() {
    const WRITES: u32 = 10_000;
    let place = Place::with_model();
    let file = place.path("kept.db");
    let running = place.start("serve", &["--ratings", &file]);
    let (next, answered) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let rating = |number: u32| f64::from(number % 10 + 1) / 2.0;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let agent = ureq::Agent::new_with_defaults();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let url = format!("{}/users/u{number}/ratings/2959", running.url);
                    let body = json!({ "rating": rating(number) }).to_string();
                    if number >= WRITES || agent.put(url).send(body).is_err() {
                        return;
                    }
                    let mut answered = answered.lock().unwrap();
                    answered.push(number);
                    if answered.len() == WRITES as usize / 10 {
                        running.server.kill();
                    }
                }
            });
        }
    });
    let answered = answered.into_inner().unwrap();
    assert!((WRITES as usize / 10..WRITES as usize).contains(&answered.len()), "{}", answered.len());

    let running = place.start("serve", &["--ratings", &file]);
    for number in &answered {
        let kept = running.get(&format!("/users/u{number}/ratings"));
        assert_eq!(kept["ratings"][0]["rating"], rating(*number), "{number}");
    }
    assert_eq!(running.put("/users/after/ratings/2959", 4.0).unwrap(), 201);
    println!("{} of {WRITES} ratings were answered before SIGKILL; all are kept", answered.len());
}

#[test]
fn other_machines_need_the_token() {
    let place = Place::with_model();
    let file = place.path("kept.db");
    let model = place.path("model");
    let refused = fail(&["serve", "--model", &model, "--host", "0.0.0.0", "--port", "0", "--ratings", &file]);
    assert!(refused.contains("--token"), "{refused}");

    let running = place.start("serve", &["--ratings", &file, "--token", "secret"]);
    let put = |token: Option<&str>| {
        let request = ureq::put(format!("{}/users/1/ratings/2959", running.url));
        let request = match token {
            None => request,
            Some(token) => request.header("authorization", format!("Bearer {token}")),
        };
        match request.send(json!({"rating": 4}).to_string()) {
            Err(ureq::Error::StatusCode(status)) => status,
            answer => answer.unwrap().status().as_u16(),
        }
    };
    assert_eq!([put(None), put(Some("wrong")), put(Some("secret"))], [401, 401, 201]);
    let answer = ureq::get(format!("{}/movies?limit=1", running.url)).call().unwrap();
    assert_eq!(answer.status(), 200, "what is about nobody needs no token");
}

#[test]
fn a_refusal_has_a_request_id_and_the_headers_of_all_answers() {
    let place = Place::with_model();
    let file = place.path("kept.db");
    for (options, origin, code) in [
        (&["--ratings", &file, "--token", "secret"][..], None, "unauthorized"),
        (&["--ratings", &file], Some("https://another.example"), "access_denied"),
    ] {
        let running = place.start("serve", options);
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.get(format!("{}/users/1/ratings", running.url));
        let request = match origin {
            None => request,
            Some(origin) => request.header("origin", origin),
        };
        let mut answer = request.call().unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(
            (header("cache-control"), header("referrer-policy")),
            ("no-store".into(), "no-referrer".into())
        );
        assert!(header("content-security-policy").contains("default-src 'none'"));
        let id = header("x-request-id");
        let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        assert_eq!(body["error"]["code"], code);
        assert!(!id.is_empty() && body["error"]["request_id"] == id.as_str(), "{body}");
    }
}

#[test]
fn a_page_of_another_site_may_not_write() {
    let place = Place::with_model();
    let running = place.start("up", &[]);
    let body = json!({"ratings": [{"userId": "1", "movieId": "2959", "rating": 1}]}).to_string();
    let post = |origin: &str| {
        let request = ureq::post(format!("{}/ratings", running.url)).header("origin", origin);
        match request.send(&body) {
            Err(ureq::Error::StatusCode(status)) => status,
            answer => answer.unwrap().status().as_u16(),
        }
    };
    assert_eq!(post("https://another.example"), 403);
    assert_eq!(post(&running.url), 200);
}

fn write(path: &Path, lines: &[&str]) -> PathBuf {
    let mut file = std::fs::File::create(path).unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    path.to_owned()
}

#[test]
fn ratings_are_imported_exported_and_train_the_next_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    write(Path::new(&path("data/movies.csv")), &["movieId,title,genres", "10,Ten,", "20,Twenty,"]);
    let of_data = ["userId,movieId,rating,timestamp", "1,10,4,100", "1,20,2,100", "2,10,3,100"];
    write(Path::new(&path("data/ratings.csv")), &of_data);
    let new = ["userId,movieId,rating,timestamp", "1,10,5,200", "3,20,4.5,300", "1,10,1,150"];
    write(Path::new(&path("new.csv")), &new);
    let store = path("kept.db");

    let imported = succeed(&["ratings", "import", &path("new.csv"), "--ratings", &store]);
    assert!(imported.contains("kept 2 ratings, 0 of them instead of others; 1 are older"), "{imported}");
    let dat = write(Path::new(&path("new.dat")), &["1::10::5::200"]);
    let imported = succeed(&["ratings", "import", dat.to_str().unwrap(), "--ratings", &store]);
    assert!(imported.contains("kept 1 ratings, 1 of them instead of others"), "{imported}");
    let exported = succeed(&["ratings", "export", "--ratings", &store]);
    assert_eq!(exported, "userId,movieId,rating,timestamp\n1,10,5,200\n3,20,4.5,300\n");
    let counted = succeed(&["ratings", "count", "--ratings", &store]);
    assert!(counted.starts_with("2 ratings by 2 users; 0 taken back"), "{counted}");

    let train = |more: &[&str]| {
        let (data, model) = (path("data"), path("model"));
        let arguments =
            ["train", "--algorithm", "mean", "--hold-out", "0", "--data", &data, "--output", &model];
        succeed(&[&arguments[..], more].concat())
    };
    assert!(train(&[]).contains("3 ratings of 2 movies by 2 users"));
    let trained = train(&["--ratings", &store]);
    assert!(trained.contains("4 ratings of 2 movies by 3 users"), "{trained}");
    let manifest = std::fs::read_to_string(folder.path().join("model/manifest.json")).unwrap();
    assert!(manifest.contains("kept.db"), "{manifest}");

    // The model has learned what is kept. A deleted user is not in the next one.
    let mut command = matinee();
    command.args(["serve", "--port", "0", "--model", &path("model"), "--ratings", &store]);
    let running = Running::start(&mut command);
    let own = running.get("/users/3/ratings");
    assert_eq!(
        (&own["ratings"][0]["learned"], &own["ratings"][0]["timestamp"]),
        (&json!(true), &json!(300.0))
    );
    assert_eq!(ureq::delete(format!("{}/users/1", running.url)).call().unwrap().status(), 204);
    assert_eq!(ureq::put(format!("{}/users/2/hidden/20", running.url)).send_empty().unwrap().status(), 204);
    running.server.terminate();
    let trained = train(&["--ratings", &store]);
    assert!(trained.contains("2 ratings of 2 movies by 2 users"), "{trained}");
    let counted = succeed(&["ratings", "count", "--ratings", &store]);
    assert!(counted.contains("1 hidden movies; 1 deleted users"), "{counted}");
}

#[test]
fn errors_name_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.db").to_str().unwrap().to_owned();
    for command in [["ratings", "count"], ["ratings", "export"]] {
        let error = fail(&[&command[..], &["--ratings", &missing]].concat());
        assert!(error.contains("--ratings") && error.contains("matinee up"), "{error}");
    }
    let error = fail(&["train", "--ratings", &missing, "--output", &format!("{missing}-model")]);
    assert!(error.contains("there are no ratings at"), "{error}");
    let kept = folder.path().join("kept.db");
    let kept = kept.to_str().unwrap();
    let good = write(&folder.path().join("good.csv"), &["userId,movieId,rating", "1,2,3"]);
    succeed(&["ratings", "import", good.to_str().unwrap(), "--ratings", kept]);
    let error = fail(&["ratings", "export", "--ratings", kept, "--output", kept]);
    assert!(error.contains("would overwrite a file that the command reads"), "{error}");
    let output = folder.path().join("out.csv");
    succeed(&["ratings", "export", "--ratings", kept, "--output", output.to_str().unwrap()]);
    assert!(std::fs::read_to_string(output).unwrap().contains("1,2,3"));
    let csv = write(&folder.path().join("bad.csv"), &["userId,movieId,rating", "1,2,9"]);
    let error = fail(&["ratings", "import", csv.to_str().unwrap(), "--ratings", &missing]);
    assert!(error.contains("bad.csv:2: 9 is not on the scale") && error.contains("--scale"), "{error}");
    assert!(!Path::new(&missing).exists(), "nothing is created for a file with a fault");
    let error = fail(&["ratings", "import", &missing, "--ratings", kept]);
    assert!(error.contains("cannot read"), "{error}");
}
