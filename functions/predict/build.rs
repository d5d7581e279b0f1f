//! Names the build by a digest of what the demo model is made from.
//!
//! The demo model is in a layer, and SAM does not look at layers when it decides whether a function needs a new version.
//! With this digest in it, the binary changes whenever the demo model can, and a changed binary does make a version.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// The data, and the code that learns from them.
const SOURCES: [&str; 3] = ["../../data", "../../crates/model/src", "../../crates/train/src"];

fn main() -> std::io::Result<()> {
    let mut digest = DefaultHasher::new();
    for source in SOURCES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        println!("cargo::rerun-if-changed={}", path.display());
        for file in files(&path)? {
            std::fs::read(file)?.hash(&mut digest);
        }
    }
    println!("cargo::rustc-env=BUILD_DIGEST={:016x}", digest.finish());
    Ok(())
}

/// The file, or the files under the folder, in the order of their names.
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
