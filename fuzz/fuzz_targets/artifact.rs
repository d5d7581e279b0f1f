//! Any bytes as an artifact: read, or refused; never a panic, never memory that the bytes do not fill.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matinee_model::artifact::{
    AlignedBuffer, ArtifactFiles, Counts, FORMAT_VERSION, FileDigest, MODEL_FILE, MOVIES_FILE, Manifest, Metrics,
    ModelVersion, read_archive,
};
use matinee_model::ranking::{RankingHead, RankingMethod};
use matinee_model::{Filter, Model, MovieRow, Rated, RatingScale};

const MOVIES: &[u8] = b"movieId,title,genres\n10,Ten (2010),Drama\n";

fuzz_target!(|bytes: &[u8]| {
    let _ = Manifest::parse(bytes);
    let _ = read_archive(bytes);
    if let Some((counts, tensors)) = bytes.split_first_chunk::<5>() {
        open(*counts, tensors, MOVIES);
        open(*counts, tensors, tensors);
    }
});

/// Opens these bytes as tensors and catalogue, under a manifest that vouches for both.
fn open([users, movies, rated_movies, ratings, ranking]: [u8; 5], tensors: &[u8], catalogue: &[u8]) {
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
        ranking_head: head(ranking),
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
        if movies > 0 {
            let rated = Rated { movie: MovieRow(0), rating: 4.5 };
            let _ = model.visitor(vec![rated]).recommend(&Filter::default(), 5, None);
            let _ = model.similar(MovieRow(0), 5);
        }
    }
}

/// No ranking head, or one of either method.
fn head(choice: u8) -> Option<RankingHead> {
    let method = match choice % 3 {
        0 => return None,
        1 => RankingMethod::Ease { regularisation: 60.0, weights_per_movie: 64 },
        _ => RankingMethod::Ials {
            rank: u32::from(choice / 3),
            unobserved_weight: 0.1,
            regularisation: 0.01,
            epochs: 8,
        },
    };
    Some(RankingHead { method, candidates: [].into() })
}
