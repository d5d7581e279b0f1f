//! Swaps three models a thousand times while people rate and read over HTTP, with the ratings in `SQLite`. Two of the models
//! have learned some of what is rated.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod folders;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use matinee_api::{LiveScorer, router};
use matinee_live_ratings::{LiveRatings, RatingStore};
use matinee_model::Model;
use matinee_serving::Reloadable;
use matinee_sqlite_ratings::SqliteRatings;
use matinee_tests::train_on;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use folders::Folders;

const SWAPS: usize = 1_000;
/// With ratings that are remembered.
const SWAPS_WITH_MEMORY: usize = 100;
const WRITERS: usize = 4;
/// The shortest time between two looks at which model is live.
const PAUSE: Duration = Duration::from_millis(2);
/// No look-up is late because the machine is busy.
const PATIENCE: Duration = Duration::from_secs(30);
const AN_HOUR: Duration = Duration::from_hours(1);

/// How many movies there are. A writer rates one after the other, and then all of them again.
const MOVIES: usize = 60;
/// The movie that the second user of each writer rates, and the one whose rating is then predicted.
const RATED: usize = 0;
const PREDICTED: usize = 1;

/// What each writer gives a movie when it has rated all movies this often.
fn rating(round: usize, movie: usize) -> f64 {
    0.5 * (1 + (round + movie) % 10) as f64
}

/// The user of a writer who rates every movie.
fn broad(writer: usize) -> String {
    format!("broad-{writer}")
}

/// The user of a writer who rates the same movie again and again.
fn narrow(writer: usize) -> String {
    format!("narrow-{writer}")
}

/// What others have rated, and what the writers have rated in this round, if any.
fn inputs(learned_round: Option<usize>) -> (String, String) {
    let others = (0..1_200).map(|index| {
        let (user, movie) = (index / 20, (index * 7 + index / 20) % MOVIES);
        format!("{user},{movie},{}\n", 1 + (user + movie) % 5)
    });
    let of_writers = learned_round.into_iter().flat_map(|round| {
        (0..WRITERS).flat_map(move |writer| {
            let broad =
                (0..MOVIES).map(move |movie| format!("{},{movie},{}\n", broad(writer), rating(round, movie)));
            broad.chain([format!("{},{RATED},{}\n", narrow(writer), rating(round, RATED))])
        })
    });
    let movies = (0..MOVIES).map(|movie| format!("{movie},Movie {movie} (2000),Drama\n"));
    (
        "userId,movieId,rating\n".to_owned() + &others.chain(of_writers).collect::<String>(),
        "movieId,title,genres\n".to_owned() + &movies.collect::<String>(),
    )
}

/// Three models: one knows no writer, the others have learned what the writers rate in one of the first rounds.
struct Models {
    _folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
    versions: Vec<String>,
}

impl Models {
    fn train() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let train = |(index, learned)| {
            let path = folder.path().join(format!("{index}"));
            let version = train_on(&path, inputs(learned), ("n_factors", "8"), index).version.to_string();
            (path, version)
        };
        let (paths, versions) = [(0, None), (1, Some(0)), (2, Some(1))].into_iter().map(train).unzip();
        Self { _folder: folder, paths, versions }
    }
}

fn scorer(model: Reloadable<Model>, file: &Path, memory: Duration) -> Router {
    let store = SqliteRatings::open(file).unwrap();
    router(Arc::new(LiveScorer::new(model, LiveRatings::new(Arc::new(store), PATIENCE).remembering(memory))))
}

/// A server on loopback.
struct Server {
    address: String,
    runtime: Runtime,
}

impl Server {
    fn start(app: Router) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, runtime }
    }

    fn client(&self) -> Client {
        Client { address: self.address.clone(), agent: ureq::Agent::new_with_defaults(), requests: 0 }
    }

    /// Returns when the file of ratings is closed.
    fn stop(self) {
        self.runtime.shutdown_timeout(PATIENCE);
    }
}

/// Somebody with a connection. Every answer must be a success.
struct Client {
    address: String,
    agent: ureq::Agent,
    requests: usize,
}

impl Client {
    fn url(&mut self, path: &str) -> String {
        self.requests += 1;
        format!("{}{path}", self.address)
    }

    fn get(&mut self, path: &str) -> Value {
        let url = self.url(path);
        json_of(self.agent.get(url).call())
    }

    fn predict(&mut self, user: &str) -> Value {
        let url = self.url("/predict");
        let body = json!({"userId": user, "movieId": PREDICTED.to_string()}).to_string();
        json_of(self.agent.post(url).send(&body))
    }

    fn rate(&mut self, user: &str, movie: usize, rating: f64) {
        let url = self.url(&format!("/users/{user}/ratings/{movie}"));
        json_of(self.agent.put(url).send(json!({ "rating": rating }).to_string()));
    }
}

fn json_of(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let body = answer.unwrap().into_body().read_to_string().unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(body["live_ratings"].is_null(), "the model answered alone: {body}");
    body
}

/// What each version predicts for the second user of each writer after each rating.
type Expected = HashMap<(String, usize, u64), Value>;

/// The ratings as whole numbers of half stars, which are the keys.
fn half_stars(rating: f64) -> u64 {
    (rating * 2.0) as u64
}

/// Asks each model alone, without swaps and without other writers.
fn expected(models: &Models) -> Expected {
    let mut expected = HashMap::new();
    for (path, version) in models.paths.iter().zip(&models.versions) {
        let folder = tempfile::tempdir().unwrap();
        let model = Reloadable::loaded(Model::open(path).unwrap());
        let server = Server::start(scorer(model, &folder.path().join("ratings.db"), Duration::ZERO));
        let mut client = server.client();
        for writer in 0..WRITERS {
            let mut scores = BTreeSet::new();
            for round in 0..10 {
                client.rate(&narrow(writer), RATED, rating(round, RATED));
                let answer = client.predict(&narrow(writer));
                assert_eq!(answer["model_version"], version.as_str());
                scores.insert(answer["score"].to_string());
                expected.insert((version.clone(), writer, half_stars(rating(round, RATED))), answer);
            }
            assert_eq!(scores.len(), 10, "each rating leads to another prediction: {scores:?}");
        }
        server.stop();
    }
    expected
}

/// Somebody who rates, and at once reads what was rated and what it leads to.
struct Writer {
    number: usize,
    client: Client,
    /// The last rating of each movie that was answered.
    rated: BTreeMap<usize, f64>,
    steps: usize,
    /// How many of the ratings that were read a model had learned, and how many it had not.
    learned: usize,
    news: usize,
}

impl Writer {
    fn new(number: usize, client: Client) -> Self {
        Self { number, client, rated: BTreeMap::new(), steps: 0, learned: 0, news: 0 }
    }

    fn run(mut self, expected: &Expected, is_over: &AtomicBool) -> Self {
        // At least until it changes what it has rated.
        while !is_over.load(Ordering::Relaxed) || self.steps <= MOVIES {
            self.rate_and_list();
            self.rate_and_predict(expected);
            self.steps += 1;
        }
        self
    }

    fn rate_and_list(&mut self) {
        let (round, movie) = (self.steps / MOVIES, self.steps % MOVIES);
        let user = broad(self.number);
        self.client.rate(&user, movie, rating(round, movie));
        self.rated.insert(movie, rating(round, movie));
        let answer = self.client.get(&format!("/users/{user}/ratings?limit=100"));
        let listed: HashMap<&str, &Value> = answer["ratings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["movie_id"].as_str().unwrap(), one))
            .collect();
        for (movie, rating) in &self.rated {
            let found = listed.get(movie.to_string().as_str());
            let found = found.unwrap_or_else(|| panic!("{user} has rated {movie}, but: {answer}"));
            assert_eq!(found["rating"], *rating, "movie {movie} of {user} in step {}", self.steps);
            *(if found["learned"] == true { &mut self.learned } else { &mut self.news }) += 1;
        }
    }

    fn rate_and_predict(&mut self, expected: &Expected) {
        let (user, rating) = (narrow(self.number), rating(self.steps, RATED));
        self.client.rate(&user, RATED, rating);
        // Where look-ups are remembered, the second answer comes from memory.
        for _ in 0..2 {
            let answer = self.client.predict(&user);
            let version = answer["model_version"].as_str().unwrap().to_owned();
            assert_eq!(answer, expected[&(version, self.number, half_stars(rating))], "step {}", self.steps);
        }
    }

    /// Everything that was answered is in the file.
    async fn check_kept(&self, store: &SqliteRatings) {
        let kept = store.kept(&broad(self.number).as_str().into()).await.unwrap();
        let found: BTreeMap<usize, f64> = kept
            .ratings
            .iter()
            .map(|kept| (kept.movie.as_str().parse().unwrap(), f64::from(kept.rating.unwrap())))
            .collect();
        assert_eq!(found, self.rated, "writer {}", self.number);
        let kept = store.kept(&narrow(self.number).as_str().into()).await.unwrap();
        let [last] = kept.ratings.as_slice() else { panic!("writer {}: {kept:?}", self.number) };
        assert_eq!(last.rating.map(f64::from), Some(rating(self.steps - 1, RATED)));
    }
}

/// Replaces the model this often, each time after the new one has answered.
fn swap(mut client: Client, models: &Models, pointed: &AtomicUsize, swaps: usize) -> usize {
    for swap in 1..=swaps {
        let next = swap % models.paths.len();
        pointed.store(next, Ordering::Relaxed);
        let begin = Instant::now();
        while client.predict("somebody")["model_version"] != models.versions[next].as_str() {
            assert!(begin.elapsed() < PATIENCE, "swap {swap} does not happen");
            std::thread::sleep(PAUSE);
        }
    }
    client.requests
}

fn swap_with_writers(models: &Models, expected: &Expected, swaps: usize, memory: Duration) {
    let begin = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ratings.db");
    let pointed = Arc::new(AtomicUsize::new(0));
    let live = Reloadable::refreshed(Folders::new(models.paths.clone(), &pointed), PAUSE);
    let server = Server::start(scorer(live, &file, memory));
    let is_over = AtomicBool::new(false);
    let (writers, others) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (writer, is_over) = (Writer::new(number, server.client()), &is_over);
                scope.spawn(move || writer.run(expected, is_over))
            })
            .collect();
        let swapping = scope.spawn(|| swap(server.client(), models, &pointed, swaps)).join();
        is_over.store(true, Ordering::Relaxed);
        let writers: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        (writers, swapping.unwrap())
    });
    let requests = others + writers.iter().map(|writer| writer.client.requests).sum::<usize>();
    let of_writers = |count: fn(&Writer) -> usize| writers.iter().map(count).sum::<usize>();
    let (steps, learned, news) =
        (of_writers(|one| one.steps), of_writers(|one| one.learned), of_writers(|one| one.news));
    println!(
        "{swaps} swaps, {WRITERS} writers, remembering {} s: {requests} requests, {} writes; {learned} ratings were read \
         that the model had learned, and {news} others; {:.1} s",
        memory.as_secs(),
        2 * steps,
        begin.elapsed().as_secs_f64()
    );
    assert!(learned > 0 && news > 0, "both kinds are read");

    server.stop();
    let check = async {
        let store = SqliteRatings::open(&file).unwrap();
        for writer in &writers {
            writer.check_kept(&store).await;
        }
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check);
}

#[test]
fn a_thousand_swaps_lose_no_rating_and_no_answer_goes_back_to_before_one() {
    let models = Models::train();
    let expected = expected(&models);
    swap_with_writers(&models, &expected, SWAPS, Duration::ZERO);
    swap_with_writers(&models, &expected, SWAPS_WITH_MEMORY, AN_HOUR);
}
