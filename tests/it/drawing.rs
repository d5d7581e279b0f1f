//! The directions that ARCHITECTURE.md draws.

use std::collections::{BTreeMap, BTreeSet};

/// A flowchart whose arrows mean "depends on".
pub struct Drawing {
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Drawing {
    /// The first flowchart after this heading of ARCHITECTURE.md.
    pub fn after(heading: &str) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md");
        let page = std::fs::read_to_string(path).unwrap();
        let section = page.split_once(&format!("\n{heading}")).unwrap().1;
        let chart = section.split_once("```mermaid\n").unwrap().1;
        Self::of(chart.split_once("```").unwrap().0)
    }

    /// The arrows of a Mermaid flowchart. A node is called by the first word of its label, or by its id.
    fn of(chart: &str) -> Self {
        let mut names = BTreeMap::new();
        let mut pairs = Vec::new();
        for line in chart.lines().map(str::trim) {
            if let Some((id, label)) = line.trim_end_matches("\"]").split_once("[\"") {
                names.insert(id, label.split(' ').next().unwrap());
            } else if line.contains("->") {
                let mut words = line.split(' ');
                pairs.push((words.next().unwrap(), words.next_back().unwrap()));
            }
        }
        let name = |id: &str| names.get(id).copied().unwrap_or(id).to_owned();
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in pairs {
            arrows.entry(name(from)).or_default().insert(name(to));
        }
        Self { arrows }
    }

    /// Whether a way along the arrows leads from one to the other.
    pub fn allows(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            let targets = self.arrows.get(next).into_iter().flatten();
            open.extend(targets.map(String::as_str).filter(|target| seen.insert(*target)));
        }
        seen.contains(to)
    }

    /// Fails unless each dependency is along the arrows, and unless no arrow leads back.
    #[track_caller]
    pub fn assert_allows<'d>(&self, dependencies: impl IntoIterator<Item = (&'d str, &'d str)>) {
        let dependencies: BTreeSet<_> = dependencies.into_iter().collect();
        assert!(dependencies.len() > 10, "too few dependencies were found: {dependencies:?}");
        let wrong: Vec<_> = dependencies.iter().filter(|(from, to)| !self.allows(from, to)).collect();
        assert!(wrong.is_empty(), "against the direction in ARCHITECTURE.md: {wrong:?}");
        for name in self.arrows.keys() {
            assert!(!self.allows(name, name), "the arrows from `{name}` lead back to it");
        }
    }
}

#[test]
fn a_drawing_allows_what_its_arrows_lead_to() {
    let drawing =
        Drawing::of("flowchart TD\n  a[\"first (a crate)\"]\n  a --> b\n  b -. \"feature\" .-> c\n");
    for (from, to) in [("first", "b"), ("b", "c"), ("first", "c")] {
        assert!(drawing.allows(from, to), "{from} -> {to}");
    }
    for (from, to) in [("b", "first"), ("c", "b"), ("b", "b"), ("b", "d"), ("d", "b")] {
        assert!(!drawing.allows(from, to), "{from} -> {to}");
    }
}
