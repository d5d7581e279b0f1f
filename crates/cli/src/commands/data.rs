//! `matinee data`.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args as ClapArgs, Subcommand};
use indicatif::ProgressBar;
use md5::{Digest, Md5};

use crate::files::{MOVIES_FILE, RATINGS_FILE};
use crate::progress::{Waiting, style};

const CSV: [&str; 3] = [RATINGS_FILE, MOVIES_FILE, "README.txt"];

/// A release of `MovieLens`.
struct Release {
    /// The name of its archive.
    name: &'static str,
    /// The folder in the archive.
    folder: &'static str,
    /// The files to unpack: ratings, catalogue and licence.
    files: [&'static str; 3],
}

const RELEASES: [Release; 8] = [
    Release { name: "ml-latest-small", folder: "ml-latest-small", files: CSV },
    Release { name: "ml-latest", folder: "ml-latest", files: CSV },
    Release { name: "ml-100k", folder: "ml-100k", files: ["u.data", "u.item", "README"] },
    Release { name: "ml-1m", folder: "ml-1m", files: ["ratings.dat", "movies.dat", "README"] },
    Release { name: "ml-10m", folder: "ml-10M100K", files: ["ratings.dat", "movies.dat", "README.html"] },
    Release { name: "ml-20m", folder: "ml-20m", files: CSV },
    Release { name: "ml-25m", folder: "ml-25m", files: CSV },
    Release { name: "ml-32m", folder: "ml-32m", files: CSV },
];

/// What to do.
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Download a `MovieLens` release from `GroupLens`
    Fetch(Fetch),
}

/// Which release to fetch, and where to put it.
#[derive(ClapArgs)]
struct Fetch {
    /// Release: ml-latest-small, ml-latest, ml-100k, ml-1m, ml-10m, ml-20m, ml-25m or ml-32m
    #[arg(value_parser = RELEASES.map(|release| release.name))]
    name: String,
    /// Folder to put the files in [default: data/NAME]
    #[arg(long)]
    output: Option<PathBuf>,
    /// URL of the releases, to use a mirror
    #[arg(long, default_value = "https://files.grouplens.org/datasets/movielens", value_name = "URL")]
    base_url: String,
}

/// Fetches a release.
pub fn run(args: Args) -> Result<ExitCode> {
    let Action::Fetch(fetch) = args.action;
    let output = fetch.output.clone().unwrap_or_else(|| Path::new("data").join(&fetch.name));
    if output.exists() {
        bail!("{} already exists; remove it, or choose another folder with --output", output.display());
    }
    let archive = fetch.download().with_context(|| {
        format!(
            "cannot fetch {}; if this machine has no internet access, copy the unpacked folder to it",
            fetch.name
        )
    })?;
    let release = RELEASES.iter().find(|release| release.name == fetch.name);
    let release = release.with_context(|| format!("there is no release {}", fetch.name))?;
    unpack(archive, release, &output)?;
    say!("wrote {}\n\ntrain a model on it:\n  matinee train --data {0} --output model", output.display());
    say!("its licence is in {}", output.join(release.files[2]).display());
    Ok(ExitCode::SUCCESS)
}

impl Fetch {
    /// Downloads the archive into a temporary file and checks it against its published MD5.
    fn download(&self) -> Result<File> {
        let url = format!("{}/{}.zip", self.base_url.trim_end_matches('/'), self.name);
        let expected = published_md5(&format!("{url}.md5"))?;
        let response = get(&url)?;
        let mut body = response.into_body();
        let bar = progress_bar(body.content_length());
        let mut file = tempfile::tempfile().context("cannot create a temporary file")?;
        let mut hash = Md5::new();
        let mut source = bar.wrap_read(body.as_reader());
        let mut chunk = vec![0; 1 << 16];
        loop {
            let length =
                source.read(&mut chunk).with_context(|| format!("the download of {url} broke off"))?;
            if length == 0 {
                break;
            }
            hash.update(&chunk[..length]);
            file.write_all(&chunk[..length]).context("cannot write the temporary file")?;
        }
        bar.finish_and_clear();
        let found = hex::encode(hash.finalize());
        if found != expected {
            bail!(
                "the download is damaged: {url} has the MD5 {found} instead of the published {expected}; try again"
            );
        }
        file.rewind()?;
        Ok(file)
    }
}

/// Reads the MD5 file of `GroupLens`, which has the form `MD5 (name.zip) = sum` or `sum  name.zip`.
fn published_md5(url: &str) -> Result<String> {
    let text = get(url)?.into_body().read_to_string().with_context(|| format!("cannot read {url}"))?;
    let is_sum = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sum = text.split_whitespace().find(is_sum);
    sum.map(str::to_lowercase).ok_or_else(|| anyhow!("{url} has no MD5 sum"))
}

fn get(url: &str) -> Result<ureq::http::Response<ureq::Body>> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .build()
        .into();
    agent.get(url).call().with_context(|| format!("GET {url}"))
}

fn progress_bar(length: Option<u64>) -> ProgressBar {
    let style = style("downloading {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    length.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style)
}

/// Unpacks the files that are used into a folder beside `output`, which is then renamed to it.
fn unpack(archive: File, Release { folder, files, .. }: &Release, output: &Path) -> Result<()> {
    let _waiting = Waiting::with("unpacking");
    let mut archive = zip::ZipArchive::new(archive).context("the download is not a zip archive")?;
    let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let sibling = tempfile::Builder::new().prefix(".fetch-").suffix(".tmp").tempdir_in(parent)?;
    for file in files {
        let mut entry = archive
            .by_name(&format!("{folder}/{file}"))
            .with_context(|| format!("the archive has no {folder}/{file}"))?;
        let mut target = File::create(sibling.path().join(file))?;
        io::copy(&mut entry, &mut target).with_context(|| format!("cannot unpack {file}"))?;
        target.sync_all()?;
    }
    let folder = sibling.keep();
    fs::rename(&folder, output).with_context(|| format!("cannot move the files to {}", output.display()))
}
