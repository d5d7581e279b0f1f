//! Any bytes as an artifact: it is read or refused, without a panic, and without allocating more than the bytes fill.
#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use matinee_model::artifact::{
    AlignedBuffer, Chunks, Counts, Expected, FORMAT_VERSION, FileDigest, MODEL_FILE, MOVIES_FILE, Manifest,
    Metrics, ModelVersion, Tensors, USERS_FILE, Verified, read_archive, sha256_hex,
};
use matinee_model::ranking::{RankingHead, RankingMethod};
use matinee_model::{Catalogue, Filter, Model, MovieRow, Rated, RatingScale, UserSource};
use serde_json::Value;
use sha2::{Digest, Sha256};

const MOVIES: &[u8] = b"movieId,title,genres\n10,Ten (2010),Drama\n";

/// The bytes before the tensors: the numbers of users, movies, rated movies and ratings, the ranking head, and how the
/// files are cut. With [`IN_FILE`] added to the number of users, they are in a `users.bin`: two bytes with its length, and
/// its bytes, come before the tensors.
type Choices = [u8; 6];

/// Added to the number of users if they are in a `users.bin`.
const IN_FILE: u8 = 0x80;

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
    let Some((&[users, rest @ ..], bytes)) = bytes.split_first_chunk::<{ size_of::<Choices>() }>() else {
        return;
    };
    let [movies, rated_movies, ratings, ranking, cut] = rest;
    let choices = [users & !IN_FILE, movies, rated_movies, ratings, ranking, cut];
    if users & IN_FILE == 0 {
        open(choices, bytes, None);
    } else if let Some((length, bytes)) = bytes.split_first_chunk()
        && let Some((file, tensors)) = bytes.split_at_checked(u16::from_le_bytes(*length).into())
    {
        open(choices, &with_sums(tensors, file), Some(file));
    }
});

/// Opens these bytes as tensors, with a manifest that matches them.
fn open([users, movies, rated_movies, ratings, ranking, cut]: Choices, tensors: &[u8], file: Option<&[u8]>) {
    let (model, listed) = (digest(tensors, cut), FileDigest::of(MOVIES));
    let users_file = file.map(|file| (USERS_FILE.to_owned(), FileDigest::of(file)));
    let manifest = Manifest {
        format_version: if file.is_some() { FORMAT_VERSION } else { 1 },
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
        files: [(MODEL_FILE.to_owned(), model), (MOVIES_FILE.to_owned(), listed)]
            .into_iter()
            .chain(users_file)
            .collect(),
    };
    let movies = manifest.expect_movies().expect("a sum").verify(MOVIES.into());
    let tensors = assembled(&manifest.expect_model().expect("sums of chunks"), tensors, cut);
    let catalogue = Catalogue::parse(movies.expect("its own sum").bytes()).expect("a catalogue");
    if let Ok(tensors) = Tensors::parse(tensors, &manifest) {
        let source = file.map_or(UserSource::Tensors, |file| UserSource::Bytes(file.into()));
        ask(Model::from_parts(manifest, tensors, catalogue, source).expect("the same counts"));
    }
}

/// The tensors, in which the sums of the blocks are those of the file. Otherwise no changed block would be looked into.
fn with_sums(tensors: &[u8], file: &[u8]) -> Vec<u8> {
    let mut tensors = tensors.to_vec();
    if let (Some(offsets), Some(sums)) = (place(&tensors, "block_offsets"), place(&tensors, "block_sha256")) {
        let ends =
            tensors[offsets].chunks_exact(8).map(|end| u64::from_le_bytes(end.try_into().expect("8 bytes")));
        let ends: Vec<usize> = ends.map(|end| usize::try_from(end).unwrap_or(usize::MAX)).collect();
        for (block, sum) in ends.windows(2).zip(tensors[sums].chunks_exact_mut(32)) {
            if let Some(block) = file.get(block[0]..block[1]) {
                sum.copy_from_slice(&Sha256::digest(block));
            }
        }
    }
    tensors
}

/// Where a tensor lies, according to the header.
fn place(tensors: &[u8], name: &str) -> Option<Range<usize>> {
    let (length, rest) = tensors.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let header: Value = serde_json::from_slice(rest.get(..length)?).ok()?;
    let end = |index: usize| {
        let end = usize::try_from(header[name]["data_offsets"][index].as_u64()?).ok()?;
        end.checked_add(length)?.checked_add(8)
    };
    let place = end(0)?..end(1)?;
    tensors.get(place.clone()).map(|_| place)
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
    for id in ["1", "10", "2"] {
        if let Ok(Some(user)) = model.find_user_here(&id.into()) {
            let _ = model.user(user).recommend(&Filter::default(), 5, None);
        }
    }
}
