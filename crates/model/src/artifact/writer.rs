//! Writes an artifact atomically: a reader sees either the old one or the new one.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use super::destination::{Destination, parent_of, sibling_in};
use super::manifest::WITHOUT_USERS_FILE;
use super::placement::flush_folder;
use super::user_writer::{UserFile, UsersFile};
use super::{
    AlignedBuffer, ArtifactError, ArtifactFiles, Counts, Description, FORMAT_VERSION, FileDigest,
    MANIFEST_FILE, MODEL_FILE, MOVIES_FILE, Manifest, ModelVersion, USERS_FILE, sha256_hex,
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
    write_folder_with(output, artifact, UsersFile::default())
}

/// The same, with a choice of where the users are written.
pub fn write_folder_with(
    output: &Path,
    artifact: &NewArtifact<'_>,
    users_file: UsersFile,
) -> Result<Manifest, ArtifactError> {
    let destination = Destination::find(output)?;
    artifact.refuse_diverged()?;

    let parent = parent_of(&destination.folder);
    fs::create_dir_all(&parent).map_err(|error| ArtifactError::io(&parent, error))?;
    let sibling = sibling_in(&parent).map_err(|error| ArtifactError::io(&parent, error))?;
    let users = if artifact.has_users_file(users_file) {
        Some(write_users(&sibling.path().join(USERS_FILE), artifact)?)
    } else {
        None
    };
    let (manifest, files) = artifact.files(users.as_ref())?;
    for (name, bytes) in &files {
        write_flushed(&sibling.path().join(name), bytes)?;
    }
    destination.fill(sibling)?;
    flush_folder(&parent);
    Ok(manifest)
}

/// Writes `users.bin` block by block, so that it is never in memory as a whole.
fn write_users(path: &Path, artifact: &NewArtifact<'_>) -> Result<UserFile, ArtifactError> {
    let unwritable = |error| ArtifactError::io(path, error);
    let mut file = BufWriter::new(File::create(path).map_err(unwritable)?);
    let users = artifact.write_users(|block| file.write_all(block).map_err(unwritable))?;
    file.into_inner().map_err(|error| unwritable(error.into_error()))?.sync_all().map_err(unwritable)?;
    Ok(users)
}

impl NewArtifact<'_> {
    /// The files in memory, with the users in `model.safetensors`.
    pub fn to_files(&self) -> Result<ArtifactFiles, ArtifactError> {
        self.refuse_diverged()?;
        let (manifest, [(_, movies), (_, model), (_, json)]) = self.files(None)?;
        Ok(ArtifactFiles {
            manifest,
            manifest_sha256: sha256_hex(&json),
            model: AlignedBuffer::from(model.as_slice()),
            movies: AlignedBuffer::from(movies.as_slice()),
            users: None,
        })
    }

    /// Numbers that are not finite are refused.
    fn refuse_diverged(&self) -> Result<(), ArtifactError> {
        if self.factors.are_finite() { Ok(()) } else { Err(self.description.diverged()) }
    }

    /// The manifest, and the files in the order in which they may be replaced. `users` describes the `users.bin` that was
    /// written before, if the users are there.
    fn files(&self, users: Option<&UserFile>) -> Result<(Manifest, NamedFiles), ArtifactError> {
        let model = self.tensors(users)?;
        let movies = self.catalogue.to_csv().map_err(|error| ArtifactError::Tensors(error.to_string()))?;
        let mut manifest = self.manifest(FileDigest::in_chunks(&model), FileDigest::in_chunks(&movies));
        if let Some(users) = users {
            manifest.format_version = FORMAT_VERSION;
            manifest.files.insert(USERS_FILE.to_owned(), users.digest.clone());
        }
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
            format_version: WITHOUT_USERS_FILE,
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

    fn tensors(&self, users: Option<&UserFile>) -> Result<Vec<u8>, ArtifactError> {
        let Factors { mean, movie_biases, movie_factors, .. } = self.factors;
        let mean = [*mean];
        let counts = self.movie_rating_counts();
        let (movies, rank) = (movie_biases.len(), movie_factors.ncols());
        let movie_ids = self.movie_ids;
        let narrow = self.narrow_columns();
        let mut tensors = vec![
            ("mean", Dtype::F32, vec![1], bytemuck::cast_slice(&mean)),
            ("movie_biases", Dtype::F32, vec![movies], numbers(movie_biases.as_slice())),
            ("movie_factors", Dtype::F32, vec![movies, rank], numbers(movie_factors.as_slice())),
            ("movie_ids", Dtype::U8, vec![movie_ids.bytes().len()], movie_ids.bytes()),
            ("movie_id_offsets", Dtype::U32, vec![movies + 1], bytemuck::cast_slice(movie_ids.offsets())),
            ("movie_rating_counts", Dtype::U32, vec![movies], bytemuck::cast_slice(&counts)),
        ];
        let all = users.is_none().then(|| self.users(0..self.user_ids.table().len()));
        match (users, &all) {
            (Some(file), _) => tensors.extend(file.index()),
            (None, Some(all)) => tensors.extend(all.tensors()),
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
        safetensors(tensors)
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

/// A tensor to be written.
pub(super) type NewTensor<'a> = (&'static str, Dtype, Vec<usize>, &'a [u8]);

/// The bytes of a safetensors file. They do not depend on the order of the tensors.
pub(super) fn safetensors(tensors: Vec<NewTensor<'_>>) -> Result<Vec<u8>, ArtifactError> {
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, bytes) in tensors {
        let view =
            TensorView::new(dtype, shape, bytes).map_err(|error| ArtifactError::tensor(name, error))?;
        views.push((name, view));
    }
    serialize(views, None).map_err(|error| ArtifactError::Tensors(error.to_string()))
}

pub(super) fn narrowed(rows: &[u32]) -> Vec<u16> {
    rows.iter().map(|&row| row as u16).collect()
}

/// The bytes of an array in row-major order. Empty, and so of the wrong length, for any other order.
pub(super) fn numbers(slice: Option<&[f32]>) -> &[u8] {
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
