//! Which file of a crate imports from which, and whether these imports form circles.
//!
//! A file is named by its module: `request::batch`, or `lib` for the root of the crate. Imports within tests do not count.
//! An import of a re-exported name counts as an import from the file that defines it. A module and its own children may
//! import from each other, so these imports do not count either.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::Path;

use source::Source;

/// The name of the root of a crate.
pub const ROOT: &str = "lib";

/// The imports of one crate.
#[derive(Debug, Default)]
pub struct Imports {
    /// For each module, the modules that it imports from.
    modules: BTreeMap<String, BTreeSet<String>>,
}

impl Imports {
    /// Reads all files in the `src` folder of a crate.
    pub fn of_crate(src: &Path) -> io::Result<Self> {
        let mut texts = BTreeMap::new();
        read_folder(src, "", &mut texts)?;
        Ok(Self::of_texts(texts.iter().map(|(module, text)| (module.as_str(), text.as_str()))))
    }

    /// The imports of modules with these names and texts.
    pub fn of_texts<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let sources: BTreeMap<String, Source> =
            texts.into_iter().map(|(module, text)| (module.to_owned(), Source::parse(text))).collect();
        let resolver = Resolver { sources: &sources };
        let imports = |(module, source): (&String, &Source)| {
            let found = source.paths().filter_map(|path| resolver.file_of(module, path));
            (module.clone(), found.filter(|other| !are_related(module, other)).collect())
        };
        Self { modules: sources.iter().map(imports).collect() }
    }

    /// The names of all modules.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().map(String::as_str)
    }

    /// Each import, as the importing module and the imported one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.iter().flat_map(|(from, all)| all.iter().map(move |to| (from.as_str(), to.as_str())))
    }

    /// The circles: groups of modules in which each module needs every other, directly or indirectly.
    pub fn circles(&self) -> Vec<Vec<&str>> {
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            self.modules().map(|module| (module, self.reachable(module))).collect();
        let circle = |module: &str| -> Vec<&str> {
            let others = reached[module].iter().copied();
            others.filter(|other| reached[other].contains(module)).collect()
        };
        let circles: BTreeSet<Vec<&str>> = self.modules().map(circle).collect();
        circles.into_iter().filter(|circle| circle.len() > 1).collect()
    }

    /// The modules that `start` needs, directly or indirectly.
    fn reachable(&self, start: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = self.modules[start].iter().map(String::as_str).collect();
        while let Some(module) = open.pop() {
            if found.insert(module) {
                open.extend(self.modules[module].iter().map(String::as_str));
            }
        }
        found
    }
}

impl fmt::Display for Imports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (module, imports) in self.modules.iter().filter(|(_, imports)| !imports.is_empty()) {
            writeln!(f, "  {module} -> {}", imports.iter().cloned().collect::<Vec<_>>().join(", "))?;
        }
        let circles = self.circles();
        for circle in &circles {
            writeln!(f, "  CIRCLE: {}", circle.join(", "))?;
        }
        write!(
            f,
            "  {} files, {} imports, {} circles",
            self.modules.len(),
            self.iter().count(),
            circles.len()
        )
    }
}

/// Collects the texts of all files in a folder, by the names of their modules.
fn read_folder(folder: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        let module = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
        if path.is_dir() {
            read_folder(&path, &module, texts)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            texts.insert(module, std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Whether one module is the other, or contains it.
fn are_related(a: &str, b: &str) -> bool {
    let contains = |outer: &str, inner: &str| {
        inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
    };
    a == ROOT || contains(a, b) || contains(b, a)
}

/// Finds the file that defines what a path names.
struct Resolver<'s> {
    sources: &'s BTreeMap<String, Source>,
}

impl Resolver<'_> {
    /// The module whose file defines what `path` names in `module`; `None` if it is not in this crate.
    fn file_of(&self, module: &str, path: &[String]) -> Option<String> {
        let absolute = self.absolute(module, path)?;
        self.defining(&absolute, 0)
    }

    /// The path from the root of the crate.
    fn absolute(&self, module: &str, path: &[String]) -> Option<Vec<String>> {
        let mut base: Vec<String> =
            if module == ROOT { Vec::new() } else { module.split("::").map(str::to_owned).collect() };
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    base.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                let child = base.iter().map(String::as_str).chain([first]).collect::<Vec<_>>().join("::");
                self.sources.contains_key(&child).then_some(())?;
            }
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn defining(&self, path: &[String], depth: usize) -> Option<String> {
        let is_module = |length: &usize| self.sources.contains_key(&path[..*length].join("::"));
        let length = (1..=path.len()).rev().find(is_module).unwrap_or(0);
        let module = if length == 0 { ROOT.to_owned() } else { path[..length].join("::") };
        let reexported = path.get(length).and_then(|name| self.sources.get(&module)?.reexport(name));
        match reexported.and_then(|target| self.absolute(&module, target)) {
            Some(target) if depth < 8 => self.defining(&target, depth + 1),
            _ => self.sources.contains_key(&module).then_some(module),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(texts: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let imports = Imports::of_texts(texts.iter().copied());
        imports.iter().map(|(from, to)| (from.to_owned(), to.to_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    #[test]
    fn imports_are_found_in_every_form() {
        let found = imports(&[
            ("lib", "mod a; mod b; mod c; mod d; mod e;"),
            ("a", "use crate::{b::{self, B}, c::C as Other};\nfn f() { crate::d::g() }\nuse std::fmt;"),
            ("b", "use super::e;"),
            (
                "c",
                "// use crate::d;\nfn f() { \"use crate::d;\" }\n#[cfg(test)]\nmod tests { use crate::d; }",
            ),
            ("d", ""),
            ("e", ""),
        ]);
        assert_eq!(found, pairs(&[("a", "b"), ("a", "c"), ("a", "d"), ("b", "e")]));
    }

    #[test]
    fn a_reexported_name_belongs_to_the_file_that_defines_it() {
        let found = imports(&[
            ("lib", "mod a; mod b; pub use b::B;"),
            ("a", "use crate::b::B;\nuse crate::B as Same;"),
            ("b", "mod inner;\npub(crate) use inner::{B, Other};"),
            ("b::inner", "use super::Parent;"),
        ]);
        assert_eq!(found, pairs(&[("a", "b::inner")]));
    }

    #[test]
    fn circles_are_found_however_long_they_are() {
        let imports = Imports::of_texts([
            ("lib", ""),
            ("a", "use crate::b::x;"),
            ("b", "use crate::c::x;"),
            ("c", "use crate::a::x;"),
            ("d", "use crate::a::x;"),
        ]);
        assert_eq!(imports.circles(), [["a", "b", "c"]]);
        assert!(imports.to_string().contains("CIRCLE: a, b, c"), "{imports}");
    }
}
