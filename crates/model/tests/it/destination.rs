//! A model is written only where nothing is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use matinee_model::Model;
use matinee_model::artifact::{ArtifactError, check_output, write_folder};
use proptest::prelude::*;

use crate::sample;

/// The content of a folder: folders, links with their targets, files with their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Folder,
    Link(PathBuf),
    File(Vec<u8>),
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let entry = if kind.is_symlink() {
                Entry::Link(fs::read_link(&path).unwrap())
            } else if kind.is_dir() {
                folders.push(path.clone());
                Entry::Folder
            } else {
                Entry::File(fs::read(&path).unwrap())
            };
            found.insert(path, entry);
        }
    }
    found
}

fn write(output: &Path) -> Result<(), ArtifactError> {
    write_folder(output, &sample::artifact(&sample::factors(), &[4.0, 5.0, 2.0])).map(|_| ())
}

/// The error for an output. Check and writer must give the same one, and must not change anything.
fn refusal(root: &Path, output: &Path) -> String {
    let before = contents(root);
    let error = check_output(output).unwrap_err().to_string();
    assert_eq!(write(output).unwrap_err().to_string(), error);
    assert_eq!(contents(root), before);
    error
}

#[test]
fn a_folder_that_holds_anything_else_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let output = root.path().join("site");
    fs::create_dir_all(output.join("src")).unwrap();
    fs::write(output.join("src/app.js"), "app").unwrap();
    fs::write(output.join("manifest.json"), r#"{"name":"my web app"}"#).unwrap();
    let error = refusal(root.path(), &output);
    assert!(error.contains("site holds src, which matinee did not write"), "{error}");
    assert!(error.contains("choose a new or an empty folder"), "{error}");
    fs::remove_dir_all(output.join("src")).unwrap();
    assert!(refusal(root.path(), &output).contains("a manifest.json that matinee did not write"));
}

#[test]
fn a_model_with_something_beside_it_or_in_place_of_a_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let output = root.path().join("model");
    for (change, named) in [
        (("data/ratings.csv", "userId,movieId,rating\n"), "holds data, which matinee did not write"),
        (("notes.txt", "mine"), "holds notes.txt, which"),
        ((".hidden", "mine"), "holds .hidden, which"),
        (("movies.csv", "movieId,title\n1,Mine\n"), "a movies.csv that is not the one in its manifest.json"),
        (("model.safetensors", "mine"), "a model.safetensors that is not the one"),
        (("manifest.json", "{}"), "a manifest.json that matinee did not write (manifest.json: missing field"),
        (("manifest.json", r#"{"format_version":99}"#), "format version 99"),
    ] {
        sample::write(&output);
        let path = output.join(change.0);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, change.1).unwrap();
        let error = refusal(root.path(), &output);
        assert!(error.contains(named), "{change:?}: {error}");
        fs::remove_dir_all(&output).unwrap();
    }
    sample::write(&output);
    fs::remove_file(output.join("manifest.json")).unwrap();
    let error = refusal(root.path(), &output);
    assert!(error.contains("but no manifest.json"), "{error}");
}

#[test]
fn a_file_is_not_replaced_by_a_folder() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("ratings.csv"), "userId,movieId,rating\n").unwrap();
    for (output, named) in [
        ("ratings.csv", "ratings.csv is a file, and a model is a folder"),
        ("ratings.csv/", "ratings.csv/ is a file"),
        ("ratings.csv/model", "which is not a folder"),
        ("ratings.csv/a/model", "which is not a folder"),
    ] {
        let error = refusal(root.path(), &root.path().join(output));
        assert!(error.contains(named), "{output}: {error}");
    }
    assert!(check_output(Path::new("")).unwrap_err().to_string().contains("is not the name of a folder"));
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_stays_one() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let [target, link, dangling] = ["target", "link", "dangling"].map(|name| root.path().join(name));
    sample::write(&target);
    symlink("target", &link).unwrap();
    symlink("nowhere", &dangling).unwrap();
    for output in [link.clone(), root.path().join("link/")] {
        write(&output).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("target"));
        Model::open(&target).unwrap();
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3, "nothing is left over");
    assert!(refusal(root.path(), &dangling).contains("is a link that leads nowhere"));
    fs::write(target.join("notes.txt"), "mine").unwrap();
    assert!(refusal(root.path(), &link).contains("holds notes.txt"));

    fs::remove_file(target.join("notes.txt")).unwrap();
    fs::rename(target.join("movies.csv"), root.path().join("movies.csv")).unwrap();
    symlink("../movies.csv", target.join("movies.csv")).unwrap();
    assert!(refusal(root.path(), &target).contains("holds movies.csv, which matinee did not write"));
}

/// A volume that is mounted as the folder of the model, as in a container, has a `lost+found`.
#[test]
fn what_a_file_system_keeps_for_itself_stays() {
    let root = tempfile::tempdir().unwrap();
    let output = root.path().join("model");
    let found = output.join("lost+found/#12");
    fs::create_dir_all(found.parent().unwrap()).unwrap();
    fs::write(&found, "recovered").unwrap();
    for _ in 0..2 {
        write(&output).unwrap();
        Model::open(&output).unwrap();
        assert_eq!(fs::read_to_string(&found).unwrap(), "recovered");
        assert_eq!(fs::read_dir(&output).unwrap().count(), 4);
    }
}

/// The files of a killed write in a mounted folder do not block the next write.
#[test]
fn what_a_killed_write_left_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let output = root.path().join("model");
    sample::write(&output);
    for file in ["manifest.json", "model.safetensors", "movies.csv"] {
        let bytes = fs::read(output.join(file)).unwrap();
        for length in [30, bytes.len()] {
            fs::write(output.join(format!(".{file}.matinee-part")), &bytes[..length]).unwrap();
            write(&output).unwrap();
            Model::open(&output).unwrap();
            assert_eq!(fs::read_dir(&output).unwrap().count(), 3, "{file} to byte {length}");
        }
    }
}

#[test]
fn a_foreign_file_with_the_name_of_an_interrupted_write_is_kept() {
    let root = tempfile::tempdir().unwrap();
    for file in ["manifest.json", "model.safetensors", "movies.csv"] {
        let output = root.path().join(file).join("model");
        fs::create_dir_all(&output).unwrap();
        let name = format!(".{file}.matinee-part");
        fs::write(output.join(&name), "mine, of somebody else").unwrap();
        let error = write(&output).unwrap_err().to_string();
        assert!(error.contains(&format!("holds {name}, which matinee did not write")), "{error}");
        assert_eq!(fs::read_to_string(output.join(&name)).unwrap(), "mine, of somebody else");
    }
}

#[derive(Debug, Clone)]
enum Made {
    Folder,
    File(String),
    Link(String),
}

fn tree() -> impl Strategy<Value = Vec<(String, Made)>> {
    let names = [
        "manifest.json",
        "model.safetensors",
        "movies.csv",
        "ratings.csv",
        "data",
        "src",
        ".git",
        ".model-a.tmp",
        ".movies.csv.matinee-part",
        "lost+found",
    ];
    let name = prop::sample::select(names.to_vec());
    let path = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    let text =
        prop_oneof![Just("{}".to_owned()), Just(r#"{"name":"my web app"}"#.to_owned()), "[a-z,\n]{0,12}"];
    let target = prop::sample::select(vec!["../other", "ratings.csv", ".", "nowhere"]);
    let made = prop_oneof![
        1 => Just(Made::Folder),
        3 => text.prop_map(Made::File),
        1 => target.prop_map(|target| Made::Link(target.to_owned())),
    ];
    prop::collection::vec((path, made), 0..6)
}

/// Creates as much of a tree as possible: some paths exclude each other.
fn make(folder: &Path, tree: &[(String, Made)]) {
    for (path, made) in tree {
        let path = folder.join(path);
        if fs::create_dir_all(path.parent().unwrap()).is_err() {
            continue;
        }
        let _ = match made {
            Made::Folder => fs::create_dir(&path),
            Made::File(text) => fs::File::create_new(&path).and_then(|_| fs::write(&path, text)),
            #[cfg(unix)]
            Made::Link(target) => std::os::unix::fs::symlink(target, &path),
            #[cfg(not(unix))]
            Made::Link(_) => Ok(()),
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_output_keeps_every_byte_that_matinee_did_not_write(
        has_model: bool,
        is_read_only: bool,
        inside in tree(),
        beside in tree(),
        output in prop::sample::select(vec!["p", "p/", "p/.", "p/data", "p/ratings.csv", "p/new/model", "link", "."]),
    ) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("p");
        let mut own = BTreeMap::new();
        if has_model {
            sample::write(&folder);
            own = contents(root.path());
        }
        make(&folder, &inside);
        make(root.path(), &beside);
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink("p", root.path().join("link"));
        if is_read_only && let Ok(metadata) = fs::metadata(&folder) {
            let mut permissions = metadata.permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&folder, permissions).unwrap();
        }
        let before = contents(root.path());
        let output = root.path().join(output);
        let checked = check_output(&output).map_err(|error| error.to_string());
        prop_assert_eq!(&contents(root.path()), &before, "looking changes nothing");
        let written = write(&output).map_err(|error| error.to_string());
        let after = contents(root.path());
        prop_assert_eq!(&written, &checked);
        if written.is_err() {
            prop_assert_eq!(&after, &before);
        } else {
            prop_assert!(Model::open(&output).is_ok());
        }
        for (path, entry) in before.iter().filter(|(path, entry)| own.get(*path) != Some(entry)) {
            prop_assert_eq!(after.get(path), Some(entry), "{}", path.display());
        }
    }
}
