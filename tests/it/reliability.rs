//! Every test that `docs/reliability.md` names in its tables of faults and inputs exists.

use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The sources of all tests, in one string.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

#[test]
fn every_fault_has_a_test_that_exists() {
    let page = std::fs::read_to_string(Path::new(ROOT).join("docs/reliability.md")).unwrap();
    let sources: String =
        ["crates", "functions", "tests"].map(|folder| sources(&Path::new(ROOT).join(folder))).concat();
    let rows = ["## Faults\n", "## Inputs that were lost or misread\n"].map(|title| {
        let table = page.split(title).nth(1).unwrap().split("\n## ").next().unwrap();
        let is_row = |line: &&str| {
            line.starts_with("| ") && !line.starts_with("| fault |") && !line.starts_with("| input |")
        };
        let rows: Vec<&str> = table.lines().filter(is_row).collect();
        assert!(rows.len() > 15, "{title}: {} rows", rows.len());
        rows
    });
    let rows = rows.concat();
    for row in &rows {
        let named = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for test in named.split(", ") {
            let name = test.strip_prefix('`').and_then(|test| test.strip_suffix('`'));
            let name = name.unwrap_or_else(|| panic!("no test in the last cell: {row}"));
            let is_test = sources.match_indices(&format!("fn {name}(")).any(|(at, _)| {
                let before = &sources[..at];
                before[before.rfind("\n\n").unwrap_or_default()..].contains("test")
            });
            assert!(is_test, "there is no test `{name}`: {row}");
        }
    }
    assert!(rows.len() > 30, "{} rows", rows.len());
}
