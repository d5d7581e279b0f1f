//! A model with many users, in memory and with its users in `users.bin`: what a cold start, a request and the memory
//! of `predict` are in each form. All forms must give the same answers: `users-file PREDICT_BINARY USERS [FOLDER]`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

mod folder_s3;
mod form;

use std::path::{Path, PathBuf};
use std::time::Duration;

use form::Form;
use matinee_generated_model::ModelSize;
use matinee_model::artifact::UsersFile;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What the S3 waits before each answer. That of a bucket in the same region takes about as long.
const DELAY: Duration = Duration::from_millis(20);
const STARTS: usize = 3;
const WARM_REQUESTS: usize = 500;
/// The memory of a function that is too small for 10 million users, and the most that a function can have, in MB.
const SMALL_MEMORY: &str = "1024";
const MOST_MEMORY: &str = "10240";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [predict, users, folder @ ..] = arguments.as_slice() else {
        eprintln!("usage: users-file PREDICT_BINARY USERS [FOLDER]");
        std::process::exit(2);
    };
    let size = ModelSize { users: users.parse().unwrap(), movies: 20_000, rank: 16, ratings_per_user: 5 };
    let folder = folder.first().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    write_models(size, folder.path());
    let s3 = folder_s3::serve(folder.path(), DELAY).await;

    let local = |model: &str| folder.path().join(model).to_str().unwrap().to_owned();
    let form = |name, uri: String, memory| Form::new(name, Path::new(predict), uri, &s3, memory);
    let mut forms = vec![
        form("in memory, from a folder", local("memory"), MOST_MEMORY),
        form("users.bin in a folder", local("file"), SMALL_MEMORY),
        form("in memory, from S3", "s3://bench/memory/".to_owned(), MOST_MEMORY),
        form("users.bin in S3", "s3://bench/file/".to_owned(), SMALL_MEMORY),
    ];
    print_starts(&mut forms).await;
    let refused = form("in memory, from S3", "s3://bench/memory/".to_owned(), SMALL_MEMORY).start().await;
    println!("{:<42} {}", format!("in memory, from S3, with {SMALL_MEMORY} MB"), refused.outcome());

    println!();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    // One in twenty is not a user of the model.
    let drawn = |_| random.random_range(1..=size.users + size.users / 20).to_string();
    let anyone: Vec<String> = (0..WARM_REQUESTS).map(drawn).collect();
    print_requests("another user each time", &mut forms, &anyone).await;
    print_requests("the same user each time", &mut forms, &vec!["2".to_owned(); WARM_REQUESTS]).await;

    println!();
    println!("{:<42} {:>10} {:>10}", "memory of the process, MB", "peak", "now");
    for form in &forms {
        let [peak, now] = form.megabytes();
        println!("{:<42} {peak:>10.0} {now:>10.0}", form.name);
    }
}

/// The same model in both forms.
fn write_models(size: ModelSize, folder: &Path) {
    for (name, users_file) in [("memory", UsersFile::Never), ("file", UsersFile::Always)] {
        size.write_with(&folder.join(name), None, users_file);
    }
    let megabytes = |path: &str| std::fs::metadata(folder.join(path)).unwrap().len() as f64 / 1e6;
    println!(
        "{} users x rank {}, {} ratings each, {} movies: model.safetensors has {:.1} MB; or {:.1} MB, and users.bin {:.1} MB\n",
        size.users,
        size.rank,
        size.ratings_per_user,
        size.movies,
        megabytes("memory/model.safetensors"),
        megabytes("file/model.safetensors"),
        megabytes("file/users.bin"),
    );
}

/// Starts each form several times, in turn. The last processes stay. A form whose model cannot be loaded is told and left
/// out.
async fn print_starts(forms: &mut Vec<Form>) {
    for _ in 0..STARTS {
        let mut expected = None;
        let mut loaded = Vec::new();
        for mut form in forms.drain(..) {
            let answer = form.start().await;
            if !answer.is_prediction() {
                println!("{:<42} {}", form.name, answer.outcome());
                continue;
            }
            let answer = answer.prediction();
            assert_eq!(*expected.get_or_insert_with(|| answer.clone()), answer, "{}", form.name);
            loaded.push(form);
        }
        *forms = loaded;
    }
    let heading = format!("start to first answer, ms, {STARTS} starts");
    println!("{heading:<42} {:>10} {:>10} {:>10} {:>8}", "min", "median", "max", "times");
    let first = forms[0].starts()[1];
    for form in forms {
        let [min, median, max] = form.starts();
        println!("{:<42} {min:>10.1} {median:>10.1} {max:>10.1} {:>8.3}", form.name, median / first);
    }
}

/// Asks each form for each of these users, in turn.
async fn print_requests(what: &str, forms: &mut [Form], users: &[String]) {
    let mut times = vec![Vec::new(); forms.len()];
    for user in users {
        let mut expected = None;
        for (form, times) in forms.iter_mut().zip(&mut times) {
            let (answer, time) = form.ask(user).await;
            times.push(time.as_secs_f64() * 1e3);
            assert_eq!(*expected.get_or_insert_with(|| answer.clone()), answer, "user {user}, {}", form.name);
        }
    }
    let heading = format!("POST /predict, {what}, ms");
    println!("{heading:<42} {:>10} {:>10} {:>10} {:>8}", "p50", "p99", "added", "times");
    for times in &mut times {
        times.sort_unstable_by(f64::total_cmp);
    }
    let first = times[0][users.len() / 2];
    for (form, times) in forms.iter().zip(&times) {
        let (p50, p99) = (times[users.len() / 2], times[users.len() * 99 / 100]);
        println!("{:<42} {p50:>10.3} {p99:>10.3} {:>10.3} {:>8.2}", form.name, p50 - first, p50 / first);
    }
    println!("{} answers of each, the same from all", users.len());
}
