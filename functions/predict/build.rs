//! Gives the binary a digest of everything that the demo model is made from.
//!
//! The demo model is in a layer, but SAM ignores layers when it decides whether a function needs a new version. Because of
//! the digest, the binary changes whenever the demo model may have changed, and a changed binary leads to a new version.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// The data, and the code that trains with it.
const SOURCES: [&str; 3] = ["../../data", "../../crates/model/src", "../../crates/train/src"];

fn main() -> std::io::Result<()> {
    let mut digest = DefaultHasher::new();
    for source in SOURCES {
        // Cargo runs this in the package's folder. A path from compile time could be that of another checkout.
        let path = Path::new(source);
        println!("cargo::rerun-if-changed={}", path.display());
        for file in files(path)? {
            std::fs::read(file)?.hash(&mut digest);
        }
    }
    println!("cargo::rustc-env=BUILD_DIGEST={:016x}", digest.finish());
    Ok(())
}

/// The file, or all files in the folder, ordered by name.
fn files(path: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    if path.is_file() {
        return Ok([path.to_owned()].into());
    }
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(path)? {
        found.extend(files(&entry?.path())?);
    }
    Ok(found)
}
