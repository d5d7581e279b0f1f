//! Writes an artifact atomically: a reader sees either the old one or the new one.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use super::destination::{Destination, FILES, parent_of, part_name, sibling_in};
use super::{
    AlignedBuffer, ArtifactError, ArtifactFiles, Counts, Description, FORMAT_VERSION, FileDigest,
    MANIFEST_FILE, MODEL_FILE, MOVIES_FILE, Manifest, ModelVersion, sha256_hex,
};
use crate::ranking::{MOST_NARROW, RankingWeights};
use crate::{Catalogue, Factors, Ids, UserPrior};

/// The content of an artifact.
#[derive(Debug)]
pub struct NewArtifact<'a> {
    /// The description of the model.
    pub description: Description,
    /// The ids of the users, by row.
    pub user_ids: &'a Ids,
    /// The ids of the movies, by row.
    pub movie_ids: &'a Ids,
    /// The factors.
    pub factors: &'a Factors,
    /// The start of each user's ratings, and the end of the last: users + 1 offsets.
    pub rated_offsets: &'a [u32],
    /// The rows of the rated movies, ascending within a user.
    pub rated_movies: &'a [u32],
    /// The ratings, in the same order.
    pub rated_values: &'a [f32],
    /// The spread of the ratings of each movie. Present if and only if the description has a calibration.
    pub movie_spreads: Option<&'a [f32]>,
    /// For each rating, its position in the order in which its user gave them, from 0. A ranking head whose signals fade
    /// requires it.
    pub rated_order: Option<&'a [u32]>,
    /// The prior of a user without ratings.
    pub user_prior: Option<&'a UserPrior>,
    /// The weights of the ranking head in the description.
    pub ranking: Option<&'a RankingWeights>,
    /// The catalogue.
    pub catalogue: &'a Catalogue,
}

type NamedFiles = [(&'static str, Vec<u8>); 3];

/// Writes an artifact to the folder `output` and replaces an artifact that is already there. It fails if anything else
/// would be lost: see [`check_output`](super::check_output).
///
/// The files are written to a temporary folder next to it, flushed, and moved. If the folder itself cannot be moved,
/// because it is a mount point, its files are replaced one by one, the manifest last.
pub fn write_folder(output: &Path, artifact: &NewArtifact<'_>) -> Result<Manifest, ArtifactError> {
    let destination = Destination::find(output)?;
    let (manifest, files) = artifact.files()?;

    let parent = parent_of(&destination.folder);
    fs::create_dir_all(&parent).map_err(|error| ArtifactError::io(&parent, error))?;
    let sibling = sibling_in(&parent).map_err(|error| ArtifactError::io(&parent, error))?;
    for (name, bytes) in &files {
        write_flushed(&sibling.path().join(name), bytes)?;
    }
    destination.fill(sibling)?;
    flush_folder(&parent);
    Ok(manifest)
}

impl NewArtifact<'_> {
    /// The files in memory, as [`write_folder`] would write them.
    pub fn to_files(&self) -> Result<ArtifactFiles, ArtifactError> {
        let (manifest, [(_, movies), (_, model), (_, json)]) = self.files()?;
        Ok(ArtifactFiles {
            manifest,
            manifest_sha256: sha256_hex(&json),
            model: AlignedBuffer::from(model.as_slice()),
            movies: AlignedBuffer::from(movies.as_slice()),
        })
    }

    /// The manifest, and the files in the order in which they may be replaced. Numbers that are not finite are refused.
    fn files(&self) -> Result<(Manifest, NamedFiles), ArtifactError> {
        if !self.factors.are_finite() {
            return Err(self.description.diverged());
        }
        let model = self.tensors()?;
        let movies = self.catalogue.to_csv().map_err(|error| ArtifactError::Tensors(error.to_string()))?;
        let manifest = self.manifest(FileDigest::in_chunks(&model), FileDigest::in_chunks(&movies));
        let json = manifest.to_json()?;
        Ok((manifest, [(MOVIES_FILE, movies), (MODEL_FILE, model), (MANIFEST_FILE, json)]))
    }

    fn manifest(&self, model: FileDigest, movies: FileDigest) -> Manifest {
        let Description {
            algorithm,
            hyperparameters,
            seed,
            rating_scale,
            metrics,
            hold_out_groups,
            against_live,
            calibration,
            intervals,
            interval_coverage,
            ranking_head,
            training_job,
            data,
            data_as_of,
            generator,
            created_at,
        } = self.description.clone();
        Manifest {
            format_version: FORMAT_VERSION,
            version: ModelVersion::of(&model, &movies, calibration.as_ref()),
            algorithm,
            hyperparameters,
            seed,
            rating_scale,
            counts: self.counts(),
            metrics,
            hold_out_groups,
            against_live,
            calibration,
            intervals,
            interval_coverage,
            ranking_head,
            training_job,
            data,
            data_as_of,
            generator,
            created_at,
            files: [(MODEL_FILE.to_owned(), model), (MOVIES_FILE.to_owned(), movies)].into(),
        }
    }

    fn counts(&self) -> Counts {
        Counts {
            users: self.user_ids.table().len() as u32,
            movies: self.movie_ids.table().len() as u32,
            rated_movies: self.movie_rating_counts().iter().filter(|&&count| count > 0).count() as u32,
            ratings: self.rated_values.len() as u32,
        }
    }

    fn movie_rating_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.movie_ids.table().len()];
        for &movie in self.rated_movies {
            counts[movie as usize] += 1;
        }
        counts
    }

    fn tensors(&self) -> Result<Vec<u8>, ArtifactError> {
        let Factors { mean, user_biases, movie_biases, user_factors, movie_factors } = self.factors;
        let mean = [*mean];
        let counts = self.movie_rating_counts();
        let (users, movies, rank) = (user_biases.len(), movie_biases.len(), movie_factors.ncols());
        let ratings = self.rated_values.len();
        let (user_ids, movie_ids) = (self.user_ids, self.movie_ids);
        let narrow = self.narrow_columns();
        let narrow_order = self.rated_order.filter(|_| movies <= MOST_NARROW).map(narrowed);
        let mut tensors = vec![
            ("mean", Dtype::F32, vec![1], bytemuck::cast_slice(&mean)),
            ("user_biases", Dtype::F32, vec![users], numbers(user_biases.as_slice())),
            ("movie_biases", Dtype::F32, vec![movies], numbers(movie_biases.as_slice())),
            ("user_factors", Dtype::F32, vec![users, rank], numbers(user_factors.as_slice())),
            ("movie_factors", Dtype::F32, vec![movies, rank], numbers(movie_factors.as_slice())),
            ("user_ids", Dtype::U8, vec![user_ids.bytes().len()], user_ids.bytes()),
            ("user_id_offsets", Dtype::U32, vec![users + 1], bytemuck::cast_slice(user_ids.offsets())),
            ("movie_ids", Dtype::U8, vec![movie_ids.bytes().len()], movie_ids.bytes()),
            ("movie_id_offsets", Dtype::U32, vec![movies + 1], bytemuck::cast_slice(movie_ids.offsets())),
            ("movie_rating_counts", Dtype::U32, vec![movies], bytemuck::cast_slice(&counts)),
            ("rated_offsets", Dtype::U32, vec![users + 1], bytemuck::cast_slice(self.rated_offsets)),
            ("rated_movies", Dtype::U32, vec![ratings], bytemuck::cast_slice(self.rated_movies)),
            ("rated_values", Dtype::F32, vec![ratings], bytemuck::cast_slice(self.rated_values)),
        ];
        match (&narrow_order, self.rated_order) {
            (Some(order), _) => {
                tensors.push(("rated_order", Dtype::U16, vec![ratings], bytemuck::cast_slice(order)));
            }
            (None, Some(order)) => {
                tensors.push(("rated_order", Dtype::U32, vec![ratings], bytemuck::cast_slice(order)));
            }
            (None, None) => {}
        }
        if let Some(UserPrior { mean, precision }) = self.user_prior {
            let order = mean.len();
            tensors.push(("user_prior_mean", Dtype::F32, vec![order], bytemuck::cast_slice(mean)));
            let shape = vec![order, order];
            tensors.push(("user_prior_precision", Dtype::F32, shape, bytemuck::cast_slice(precision)));
        }
        if let Some(spreads) = self.movie_spreads {
            tensors.push(("movie_spreads", Dtype::F32, vec![spreads.len()], bytemuck::cast_slice(spreads)));
        }
        match self.ranking {
            None => {}
            Some(RankingWeights::Ease { offsets, movies: to, weights }) => tensors.extend([
                ("ranking_offsets", Dtype::U32, vec![offsets.len()], bytemuck::cast_slice(offsets)),
                match &narrow {
                    Some(to) => ("ranking_movies", Dtype::U16, vec![to.len()], bytemuck::cast_slice(to)),
                    None => ("ranking_movies", Dtype::U32, vec![to.len()], bytemuck::cast_slice(to)),
                },
                ("ranking_weights", Dtype::F16, vec![weights.len()], bytemuck::cast_slice(weights)),
            ]),
            Some(RankingWeights::Ials { factors, gram }) => tensors.extend([
                ("ranking_factors", Dtype::F32, factors.shape().to_vec(), numbers(factors.as_slice())),
                ("ranking_gram", Dtype::F32, gram.shape().to_vec(), numbers(gram.as_slice())),
            ]),
        }
        let mut views = Vec::with_capacity(tensors.len());
        for (name, dtype, shape, bytes) in tensors {
            let view =
                TensorView::new(dtype, shape, bytes).map_err(|error| ArtifactError::tensor(name, error))?;
            views.push((name, view));
        }
        serialize(views, None).map_err(|error| ArtifactError::Tensors(error.to_string()))
    }

    /// The target movies of the ranking weights, in two bytes each if that is enough.
    fn narrow_columns(&self) -> Option<Vec<u16>> {
        match self.ranking {
            Some(RankingWeights::Ease { movies, offsets, .. }) if offsets.len() <= MOST_NARROW + 1 => {
                Some(narrowed(movies))
            }
            _ => None,
        }
    }
}

fn narrowed(rows: &[u32]) -> Vec<u16> {
    rows.iter().map(|&row| row as u16).collect()
}

/// The bytes of an array in row-major order. Empty, and so of the wrong length, for any other order.
fn numbers(slice: Option<&[f32]>) -> &[u8] {
    slice.map(bytemuck::cast_slice).unwrap_or_default()
}

fn write_flushed(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| ArtifactError::io(path, error))
}

impl Destination {
    /// Moves the files in `sibling` to the folder.
    fn fill(&self, sibling: tempfile::TempDir) -> Result<(), ArtifactError> {
        if !self.is_shared && exchange(sibling.path(), &self.folder).is_ok() {
            return discard(&sibling.keep());
        }
        if !self.is_shared && (!self.folder.exists() || fs::remove_dir(&self.folder).is_ok()) {
            let moved = fs::rename(sibling.path(), &self.folder);
            return moved.map_err(|error| ArtifactError::io(&self.folder, error));
        }
        replace_files(sibling.path(), &self.folder)
    }
}

/// Removes the old model file by file, so that files which somebody added in the meantime are kept.
fn discard(folder: &Path) -> Result<(), ArtifactError> {
    for file in FILES {
        for path in [folder.join(file), folder.join(part_name(file))] {
            let _ = fs::remove_file(path);
        }
    }
    let Err(error) = fs::remove_dir(folder) else { return Ok(()) };
    let is_left = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    Err(if is_left {
        let problem =
            "contains files that were added to the old model while it was being replaced".to_owned();
        ArtifactError::Occupied { path: folder.to_owned(), problem }
    } else {
        ArtifactError::io(folder, error)
    })
}

/// Swaps two folders atomically, if the system supports it.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    return {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
    };
    #[cfg(not(target_os = "linux"))]
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Replaces the files in a folder on another file system. All bytes are written before the first file is replaced, so
/// the old model survives a full disk.
fn replace_files(from: &Path, to: &Path) -> Result<(), ArtifactError> {
    let part_of = |file: &str| to.join(part_name(file));
    for file in FILES {
        let part = part_of(file);
        let copied = fs::copy(from.join(file), &part).and_then(|_| File::open(&part)?.sync_all());
        if let Err(error) = copied {
            for file in FILES {
                let _ = fs::remove_file(part_of(file));
            }
            return Err(ArtifactError::io(&part, error));
        }
    }
    for file in FILES {
        let old = to.join(file);
        fs::rename(part_of(file), &old).map_err(|error| ArtifactError::io(&old, error))?;
    }
    Ok(())
}

/// Flushes the folder, so that the move survives a power failure, if the system supports that.
fn flush_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_together_or_not_at_all() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let content = |name: &str| fs::read_to_string(to.path().join(name)).unwrap();
        for name in [MOVIES_FILE, MODEL_FILE, MANIFEST_FILE] {
            fs::write(from.path().join(name), "new").unwrap();
            fs::write(to.path().join(name), "old").unwrap();
        }
        fs::remove_file(from.path().join(MANIFEST_FILE)).unwrap();
        replace_files(from.path(), to.path()).unwrap_err();
        assert_eq!([MOVIES_FILE, MODEL_FILE, MANIFEST_FILE].map(content), ["old"; 3]);
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 3);

        fs::write(from.path().join(MANIFEST_FILE), "new").unwrap();
        replace_files(from.path(), to.path()).unwrap();
        assert_eq!([MOVIES_FILE, MODEL_FILE, MANIFEST_FILE].map(content), ["new"; 3]);
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_came_beside_the_old_model_is_kept() {
        let old = tempfile::tempdir().unwrap();
        for name in FILES {
            fs::write(old.path().join(name), "old").unwrap();
        }
        fs::write(old.path().join("notes.txt"), "mine").unwrap();
        let error = discard(old.path()).unwrap_err().to_string();
        assert!(error.contains(&old.path().display().to_string()), "{error}");
        assert_eq!(fs::read_to_string(old.path().join("notes.txt")).unwrap(), "mine");
        fs::remove_file(old.path().join("notes.txt")).unwrap();
        discard(old.path()).unwrap();
        assert!(!old.path().exists());
    }
}
