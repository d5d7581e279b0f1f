//! Any bytes as an artifact: read, or refused; never a panic, never memory that the bytes do not fill.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matinee_model::artifact::{
    AlignedBuffer, ArtifactFiles, Counts, FORMAT_VERSION, FileDigest, MODEL_FILE, MOVIES_FILE, Manifest, Metrics,
    ModelVersion, read_archive,
};
use matinee_model::{Model, RatingScale};

const MOVIES: &[u8] = b"movieId,title,genres\n10,Ten (2010),Drama\n";

fuzz_target!(|bytes: &[u8]| {
    let _ = Manifest::parse(bytes);
    let _ = read_archive(bytes);
    if let Some((counts, tensors)) = bytes.split_first_chunk::<4>() {
        open(*counts, tensors, MOVIES);
        open(*counts, tensors, tensors);
    }
});

/// Opens these bytes as tensors and catalogue, under a manifest that vouches for both.
fn open([users, movies, rated_movies, ratings]: [u8; 4], tensors: &[u8], catalogue: &[u8]) {
    let (model, listed) = (FileDigest::of(tensors), FileDigest::of(catalogue));
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        version: ModelVersion::of(&model, &listed),
        algorithm: String::new(),
        hyperparameters: [].into(),
        seed: 0,
        rating_scale: RatingScale::MOVIELENS,
        counts: Counts {
            users: users.into(),
            movies: movies.into(),
            rated_movies: rated_movies.into(),
            ratings: ratings.into(),
        },
        metrics: Metrics::default(),
        intervals: None,
        training_job: None,
        data: [].into(),
        generator: String::new(),
        created_at: String::new(),
        files: [(MODEL_FILE.to_owned(), model), (MOVIES_FILE.to_owned(), listed)].into(),
    };
    let files = ArtifactFiles {
        manifest,
        manifest_sha256: String::new(),
        model: AlignedBuffer::from(tensors),
        movies: catalogue.to_vec(),
    };
    if let Ok(model) = Model::from_files(files) {
        let _ = model.predict(&"10".into(), &"10".into());
    }
}
