//! Files import from each other in one direction. `scripts/imports.sh` prints all imports.

use std::path::PathBuf;

use matinee_imports::Imports;

use crate::drawing::Drawing;

/// The crates whose files must not form circles.
const WITHOUT_CIRCLES: [&str; 4] = ["crates/api", "crates/cli", "crates/lambda-adapter", "crates/serving"];

fn imports(folder: &str) -> Imports {
    let src = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder).join("src");
    Imports::of_crate(&src).unwrap()
}

#[test]
fn files_form_no_circles() {
    for folder in WITHOUT_CIRCLES {
        let imports = imports(folder);
        println!("{folder}\n{imports}");
        assert!(imports.iter().next().is_some(), "{folder}: no imports were found");
        assert!(imports.circles().is_empty(), "{folder}: {:?}", imports.circles());
    }
}

/// `request::batch` is part of the module `request`.
fn top_level(module: &str) -> &str {
    module.split("::").next().unwrap()
}

#[test]
fn the_modules_of_the_api_import_in_the_direction_that_is_drawn() {
    let imports = imports("crates/api");
    let pairs = imports.iter().map(|(from, to)| (top_level(from), top_level(to)));
    Drawing::after("## `crates/api`").assert_allows(pairs.filter(|(from, to)| from != to));
}
