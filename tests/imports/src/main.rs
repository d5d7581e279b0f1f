//! Prints which file imports from which in the crates of the given folders: `scripts/imports.sh crates/api`.

use std::path::Path;
use std::process::ExitCode;

use matinee_imports::Imports;

fn main() -> std::io::Result<ExitCode> {
    let mut has_circles = false;
    for folder in std::env::args().skip(1) {
        let imports = Imports::of_crate(&Path::new(&folder).join("src"))?;
        println!("{folder}\n{imports}");
        has_circles |= !imports.circles().is_empty();
    }
    Ok(if has_circles { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
