//! The tables of `docs/configuration.md`.

use std::collections::BTreeMap;

/// Names and defaults in the table of this section.
pub fn documented(section: &str) -> BTreeMap<String, String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(page).unwrap();
    let after =
        page.split(&format!("## {section}\n")).nth(1).unwrap_or_else(|| panic!("no section {section}"));
    let table = after.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let mut cells = row.split(" | ");
        let name = cells.next().unwrap().trim_end_matches('`').to_owned();
        (name, cells.next().unwrap().trim_matches('`').to_owned())
    })
    .collect()
}

/// Fails unless `read` looks up exactly the variables of this section.
pub fn assert_reads_documented(section: &str, read: impl FnOnce(&dyn Fn(&str) -> Option<String>)) {
    let asked = std::cell::RefCell::new(std::collections::BTreeSet::new());
    read(&|name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    let documented = documented(section).into_keys().collect();
    assert_eq!(
        asked.into_inner(),
        documented,
        "{section}: looked up, and documented in docs/configuration.md"
    );
}
