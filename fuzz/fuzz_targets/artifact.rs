//! Any bytes as an artifact: it is read or refused, without a panic, and without allocating more than the bytes fill.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matinee_model::artifact::{
    AlignedBuffer, Chunks, Counts, Expected, FORMAT_VERSION, FileDigest, MODEL_FILE, MOVIES_FILE, Manifest,
    Metrics, ModelVersion, Tensors, Verified, read_archive, sha256_hex,
};
use matinee_model::ranking::{RankingHead, RankingMethod};
use matinee_model::{Catalogue, Filter, Model, MovieRow, Rated, RatingScale};

const MOVIES: &[u8] = b"movieId,title,genres\n10,Ten (2010),Drama\n";

/// The bytes before the tensors: the numbers of users, movies, rated movies and ratings, the ranking head, and how the
/// files are cut.
type Choices = [u8; 6];

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes) {
        let _ = (manifest.expect_model(), manifest.expect_movies());
    }
    if let Ok(files) = read_archive(bytes) {
        let _ = Model::from_files(files).map(ask);
    }
    if let Ok(catalogue) = Catalogue::parse(bytes) {
        let _ = catalogue.search("ten", |_| 0).count();
    }
    if let Some((choices, tensors)) = bytes.split_first_chunk() {
        open(*choices, tensors);
    }
});

/// Opens these bytes as tensors, with a manifest that matches them.
fn open([users, movies, rated_movies, ratings, ranking, cut]: Choices, tensors: &[u8]) {
    let (model, listed) = (digest(tensors, cut), FileDigest::of(MOVIES));
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        version: ModelVersion::of(&model, &listed, None),
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
        hold_out_groups: None,
        against_live: None,
        calibration: None,
        intervals: None,
        interval_coverage: None,
        ranking_head: head(ranking),
        training_job: None,
        data: [].into(),
        data_as_of: None,
        generator: String::new(),
        created_at: String::new(),
        files: [(MODEL_FILE.to_owned(), model), (MOVIES_FILE.to_owned(), listed)].into(),
    };
    let movies = manifest.expect_movies().expect("a sum").verify(MOVIES.into());
    let tensors = assembled(&manifest.expect_model().expect("sums of chunks"), tensors, cut);
    let catalogue = Catalogue::parse(movies.expect("its own sum").bytes()).expect("a catalogue");
    if let Ok(tensors) = Tensors::parse(tensors, &manifest) {
        ask(Model::from_parts(manifest, tensors, catalogue).expect("the same counts"));
    }
}

/// Length and checksums, with chunks of various lengths.
fn digest(bytes: &[u8], cut: u8) -> FileDigest {
    let length = 16 << (cut % 12);
    let sha256 = bytes.chunks(length).map(sha256_hex).collect::<Vec<_>>();
    let chunks = (!bytes.is_empty()).then_some(Chunks { length: length as u64, sha256 });
    FileDigest { chunks, ..FileDigest::of(bytes) }
}

/// Assembles the file from pieces in another order, and checks that one wrong bit is found.
fn assembled(expected: &Expected, bytes: &[u8], cut: u8) -> Verified {
    let length = 1 + bytes.len() / (1 + usize::from(cut / 16));
    let mut pieces: Vec<(usize, &[u8])> =
        bytes.chunks(length).enumerate().map(|(index, piece)| (index * length, piece)).collect();
    let first = usize::from(cut) % pieces.len().max(1);
    pieces.rotate_left(first);
    let assemble = |wrong: Option<usize>| {
        let mut assembly = expected.clone().assemble();
        for (index, (offset, piece)) in pieces.iter().enumerate() {
            let mut piece = piece.to_vec();
            if wrong == Some(index) {
                piece[0] ^= 1;
            }
            assembly.put(*offset, &piece)?;
        }
        assembly.finish()
    };
    if !pieces.is_empty() {
        assert!(assemble(Some(first % pieces.len())).is_err(), "a wrong bit was not found");
    }
    let assembled = assemble(None).expect("its own sums");
    assert!(expected.verify(AlignedBuffer::from(bytes)).expect("its own sums").bytes() == assembled.bytes());
    assembled
}

/// No ranking head, or one with either method.
fn head(choice: u8) -> Option<RankingHead> {
    let method = match choice % 3 {
        0 => return None,
        1 => RankingMethod::Ease { regularisation: 60.0, weights_per_movie: 64, attribute_signals: None },
        _ => RankingMethod::Ials {
            rank: u32::from(choice / 3),
            unobserved_weight: 0.1,
            regularisation: 0.01,
            epochs: 8,
        },
    };
    Some(RankingHead::unmeasured(method))
}

/// Requests everything that a model answers.
fn ask(model: Model) {
    let _ = model.predict(&"10".into(), &"10".into());
    if model.movie_ids().len() > 0 {
        let rated = Rated { movie: MovieRow(0), rating: 4.5 };
        let _ = model.visitor(vec![rated]).recommend(&Filter::default(), 5, None);
        let _ = model.similar(MovieRow(0), &Filter::default(), 5);
    }
    if let Some(user) = model.user_row(&"1".into()) {
        let _ = model.user(user).recommend(&Filter::default(), 5, None);
    }
}
