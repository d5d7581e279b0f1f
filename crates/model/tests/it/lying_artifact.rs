//! One test per way in which an artifact can lie. Each lie is consistent: if the tensors are changed, the length, checksum
//! and version in the manifest are adjusted, so that the later check must find it.

use std::fs;
use std::path::PathBuf;

use matinee_model::Model;
use matinee_model::artifact::{
    ArtifactError, FileDigest, MAX_MANIFEST_BYTES, MODEL_FILE, MOVIES_FILE, ModelVersion, UsersFile,
};
use matinee_model::calibration::Calibration;
use matinee_model::ranking::{RankingMethod, RankingWeights};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample;

pub struct Forgery {
    folder: TempDir,
}

impl Forgery {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        sample::write(&folder.path().join("model"));
        Self { folder }
    }

    /// With this ranking head.
    pub fn ranked(head: &(RankingMethod, RankingWeights)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        sample::write_ranked(&folder.path().join("model"), head);
        Self { folder }
    }

    /// With a ranking head and a calibration.
    pub fn calibrated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        sample::write_calibrated(&folder.path().join("model"), &crate::lying_ranking::ease());
        Self { folder }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("model").join(file)
    }

    /// With many users in a `users.bin` of several blocks.
    pub fn with_users_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        crate::users_file::write(&folder.path().join("model"), UsersFile::Always);
        Self { folder }
    }

    pub fn open(&self) -> ArtifactError {
        Model::open(&self.folder.path().join("model")).unwrap_err()
    }

    pub fn edit_manifest(&self, edit: impl FnOnce(&mut Value)) {
        let path = self.path("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&mut manifest);
        fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    }

    /// Changes what the manifest says of the calibration, and adjusts the version.
    pub fn edit_calibration(&self, edit: impl FnOnce(&mut Value)) {
        self.edit_manifest(|manifest| {
            edit(manifest);
            adjust_version(manifest);
        });
    }

    /// Replaces a file, and adjusts the manifest.
    pub fn replace(&self, file: &str, bytes: &[u8]) {
        fs::write(self.path(file), bytes).unwrap();
        self.edit_manifest(|manifest| {
            manifest["files"][file] = serde_json::to_value(FileDigest::of(bytes)).unwrap();
            adjust_version(manifest);
        });
    }

    /// Changes header and data of the tensors.
    pub fn edit_tensors(&self, edit: impl FnOnce(&mut Value, &mut Vec<u8>)) {
        let file = fs::read(self.path(MODEL_FILE)).unwrap();
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let mut header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
        let mut data = file[8 + length..].to_vec();
        edit(&mut header, &mut data);
        let header = serde_json::to_vec(&header).unwrap();
        self.replace_tensors(&header, header.len().next_multiple_of(8), &data);
    }

    /// Writes a header, padded with spaces to a length, and data.
    fn replace_tensors(&self, header: &[u8], length: usize, data: &[u8]) {
        let spaces = vec![b' '; length - header.len()];
        let length = (length as u64).to_le_bytes();
        self.replace(MODEL_FILE, &[&length, header, &spaces, data].concat());
    }

    /// Overwrites the first bytes of one tensor.
    pub fn overwrite(&self, tensor: &str, bytes: &[u8]) {
        self.overwrite_at(tensor, 0, bytes);
    }

    /// Overwrites bytes of one tensor.
    pub fn overwrite_at(&self, tensor: &str, place: usize, bytes: &[u8]) {
        self.edit_tensors(|header, data| {
            let start = place + header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
            data[start..start + bytes.len()].copy_from_slice(bytes);
        });
    }

    pub fn says(&self, expected: &str) {
        let message = self.open().to_string();
        assert!(message.contains(expected), "expected `{expected}` in `{message}`");
    }
}

/// Writes the version of these files and this calibration, if the calibration can be read.
fn adjust_version(manifest: &mut Value) {
    let digest = |file: &str| serde_json::from_value(manifest["files"][file].clone()).unwrap();
    let calibration = serde_json::from_value::<Option<Calibration>>(manifest["calibration"].clone());
    let Ok(calibration) = calibration else { return };
    let version = ModelVersion::of(&digest(MODEL_FILE), &digest(MOVIES_FILE), calibration.as_ref());
    manifest["version"] = version.as_str().into();
}

#[test]
fn the_unforged_artifact_opens() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|_, _| ());
    Model::open(&forgery.folder.path().join("model")).unwrap();
}

#[test]
fn nothing_is_there() {
    let error = Model::open(&std::env::temp_dir().join("matinee-no-such-model")).unwrap_err();
    assert!(matches!(error, ArtifactError::Missing { file: "manifest.json", .. }), "{error}");
    assert!(error.to_string().contains("matinee train"), "{error}");
}

#[test]
fn a_file_is_missing() {
    let forgery = Forgery::new();
    fs::remove_file(forgery.path(MODEL_FILE)).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::Missing { file: MODEL_FILE, .. }));
}

#[test]
fn the_tensors_are_truncated() {
    let forgery = Forgery::new();
    let file = fs::read(forgery.path(MODEL_FILE)).unwrap();
    fs::write(forgery.path(MODEL_FILE), &file[..file.len() - 1]).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::Length { file: MODEL_FILE, .. }));
    forgery.replace(MODEL_FILE, &file[..file.len() - 1]);
    forgery.says("model.safetensors:");
    forgery.replace(MODEL_FILE, &file[..20]);
    forgery.says("model.safetensors:");
    forgery.replace(MODEL_FILE, b"");
    forgery.says("model.safetensors:");
}

#[test]
fn bytes_follow_the_tensors() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|_, data| data.push(0));
    forgery.says("model.safetensors:");
}

#[test]
fn the_header_is_oversized() {
    let forgery = Forgery::new();
    let mut file = fs::read(forgery.path(MODEL_FILE)).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let (header, data) = file[8..].split_at(length);
    forgery.replace_tensors(header, 1 << 16, data);
    Model::open(&forgery.path("")).unwrap();
    forgery.replace_tensors(header, (1 << 16) + 1, data);
    forgery.says("the header claims 65537 bytes, more than 65536");
    file[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    forgery.replace(MODEL_FILE, &file);
    forgery.says("the header claims");
}

#[test]
fn tensors_overlap() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|header, _| {
        let offsets = header["movie_biases"]["data_offsets"].clone();
        header["user_factors"]["data_offsets"][0] = offsets[0].clone();
    });
    forgery.says("model.safetensors:");
}

#[test]
fn a_shape_overflows() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|header, _| header["user_factors"]["shape"] = json!([u64::MAX, u64::MAX]));
    forgery.says("model.safetensors:");
}

#[test]
fn a_tensor_is_missing() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|header, _| {
        let tensor = header.as_object_mut().unwrap().remove("movie_biases").unwrap();
        header["movie_prejudices"] = tensor;
    });
    forgery.says("tensor `movie_biases`: is missing");
}

#[test]
fn a_tensor_is_unknown() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|header, data| {
        header["surprise"] =
            json!({"dtype": "U8", "shape": [4], "data_offsets": [data.len(), data.len() + 4]});
        data.extend([0; 4]);
    });
    forgery.says("tensors that this format version does not have");
}

#[test]
fn a_tensor_has_another_type() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|header, _| header["user_biases"]["dtype"] = "I32".into());
    forgery.says("tensor `user_biases`: is I32 [2], expected F32 [2]");
}

#[test]
fn ids_and_rows_differ_in_number() {
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| manifest["counts"]["users"] = 3.into());
    forgery.says("tensor `user_biases`");
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| manifest["counts"]["movies"] = 2.into());
    forgery.says("tensor `movie_biases`");
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| manifest["counts"]["ratings"] = 4.into());
    forgery.says("tensor `rated_movies`");
}

#[test]
fn factors_are_misaligned() {
    let forgery = Forgery::new();
    forgery.edit_tensors(|header, data| {
        // The same tensors with one byte of ids in front: every number moves off its boundary.
        for tensor in header.as_object_mut().unwrap().values_mut() {
            for offset in tensor["data_offsets"].as_array_mut().unwrap() {
                *offset = (offset.as_u64().unwrap() + 1).into();
            }
        }
        header["a_byte"] = json!({"dtype": "U8", "shape": [1], "data_offsets": [0, 1]});
        data.insert(0, 0);
    });
    forgery.says("tensor");
}

#[test]
fn a_factor_is_not_a_number() {
    for (tensor, number) in [("mean", f32::NAN), ("user_factors", f32::INFINITY), ("rated_values", f32::NAN)]
    {
        let forgery = Forgery::new();
        forgery.overwrite(tensor, &number.to_le_bytes());
        forgery.says("not finite");
    }
}

#[test]
fn ids_are_not_sorted() {
    let forgery = Forgery::new();
    forgery.overwrite("user_ids", b"9");
    forgery.says("tensor `user_ids`: id 1 is empty or not in ascending byte order");
}

#[test]
fn id_offsets_run_backwards() {
    let forgery = Forgery::new();
    forgery.overwrite("movie_id_offsets", &9_u32.to_le_bytes());
    forgery.says("tensor `movie_ids`: offsets");
}

#[test]
fn a_rated_movie_has_no_row() {
    let forgery = Forgery::new();
    forgery.overwrite("rated_movies", &[1, 0, 0, 0, 200, 0, 0, 0]);
    forgery.says("tensor `rated_movies`");
}

#[test]
fn a_movie_is_rated_twice_by_one_user() {
    let forgery = Forgery::new();
    forgery.overwrite("rated_movies", &[1, 0, 0, 0, 1, 0, 0, 0]);
    forgery.says("tensor `rated_movies`");
}

#[test]
fn rated_offsets_point_outside() {
    let forgery = Forgery::new();
    forgery.overwrite("rated_offsets", &[0, 0, 0, 0, 250, 0, 0, 0]);
    forgery.says("tensor `rated_offsets`");
}

#[test]
fn rating_counts_do_not_sum() {
    let forgery = Forgery::new();
    forgery.overwrite("movie_rating_counts", &7_u32.to_le_bytes());
    forgery.says("tensor `movie_rating_counts`");
}

#[test]
fn a_checksum_is_wrong() {
    let forgery = Forgery::new();
    let mut file = fs::read(forgery.path(MODEL_FILE)).unwrap();
    *file.last_mut().unwrap() ^= 1;
    fs::write(forgery.path(MODEL_FILE), file).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::Checksum { file: MODEL_FILE }));

    let forgery = Forgery::new();
    let movies = fs::read_to_string(forgery.path(MOVIES_FILE)).unwrap().replace("1999", "1998");
    fs::write(forgery.path(MOVIES_FILE), movies).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::Checksum { file: MOVIES_FILE }));
}

#[test]
fn the_version_names_other_files() {
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| manifest["version"] = "0123456789abcdef".into());
    forgery.says("does not match these files");
}

#[test]
fn the_format_is_newer() {
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| *manifest = json!({"format_version": 99, "all_is": "different"}));
    assert!(matches!(forgery.open(), ArtifactError::NewerFormat { found: 99, .. }));
    forgery.says("upgrade matinee");
}

#[test]
fn the_manifest_is_not_json() {
    for manifest in ["", "{", "[]", "{\"format_version\": 1}", "{\"format_version\": 0}"] {
        let forgery = Forgery::new();
        fs::write(forgery.path("manifest.json"), manifest).unwrap();
        forgery.says("manifest.json");
    }
}

#[test]
fn the_manifest_is_oversized() {
    let forgery = Forgery::new();
    let mut json = fs::read(forgery.path("manifest.json")).unwrap();
    json.resize(MAX_MANIFEST_BYTES as usize, b' ');
    fs::write(forgery.path("manifest.json"), &json).unwrap();
    Model::open(&forgery.path("")).unwrap();
    json.push(b' ');
    fs::write(forgery.path("manifest.json"), &json).unwrap();
    assert!(matches!(forgery.open(), ArtifactError::TooLarge { file: "manifest.json", .. }));
}

#[test]
fn a_length_is_absurd() {
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| manifest["files"][MODEL_FILE]["length"] = u64::MAX.into());
    assert!(matches!(forgery.open(), ArtifactError::TooLarge { file: MODEL_FILE, .. }));
}

#[test]
fn the_rating_scale_is_upside_down() {
    let forgery = Forgery::new();
    forgery.edit_manifest(|manifest| manifest["rating_scale"] = json!({"min": 5.0, "max": 0.5}));
    forgery.says("rating scale");
}

#[test]
fn the_catalogue_is_broken() {
    let forgery = Forgery::new();
    forgery.replace(MOVIES_FILE, b"movieId,title\n7,a,b\n");
    forgery.says("movies.csv line 2");
}
