//! A small artifact: two users, three movies (one without ratings), rank 2.

use std::path::Path;
use std::sync::LazyLock;

use matinee_model::artifact::{Description, HoldOut, Manifest, Metrics, NewArtifact, write_folder};
use matinee_model::calibration::{BILINEAR_TERMS, Calibration, CalibrationTable, Frame};
use matinee_model::ranking::{RankingHead, RankingMethod, RankingWeights};
use matinee_model::{Catalogue, Factors, Ids, RatingScale, UserPrior};
use ndarray::array;

pub fn description() -> Description {
    Description {
        algorithm: "svd".to_owned(),
        hyperparameters: [("n_factors".to_owned(), 2.into())].into(),
        seed: 7,
        rating_scale: RatingScale::MOVIELENS,
        metrics: Metrics {
            hold_out: Some(HoldOut {
                fraction: 0.1,
                test_count: 3,
                rmse: 0.9,
                mae: 0.7,
                unreduced_rmse: None,
            }),
            ranking: None,
        },
        hold_out_groups: None,
        against_live: None,
        calibration: None,
        intervals: None,
        interval_coverage: None,
        ranking_head: None,
        training_job: None,
        data: [].into(),
        data_as_of: None,
        generator: "matinee test".to_owned(),
        created_at: "2026-01-02T03:04:05Z".to_owned(),
    }
}

pub fn factors() -> Factors {
    Factors {
        mean: 3.5,
        user_biases: array![0.25, -0.5],
        movie_biases: array![0.5, -0.25, 0.0],
        user_factors: array![[1.0, 0.5], [-1.0, 0.0]],
        movie_factors: array![[0.5, 0.0], [0.25, -0.5], [0.0, 0.0]],
    }
}

pub fn catalogue() -> Catalogue {
    let csv = "movieId,title,genres\n2959,Fight Club (1999),Drama\n50,\"Usual Suspects, The (1995)\",Crime\n\
               9,Unseen (2001),Drama\n";
    Catalogue::parse(csv.as_bytes()).expect("a catalogue")
}

pub fn write(folder: &Path) -> Manifest {
    write_with(folder, &factors(), &[4.0, 5.0, 1.5])
}

pub fn write_with(folder: &Path, factors: &Factors, values: &[f32]) -> Manifest {
    write_folder(folder, &artifact(factors, values)).expect("an artifact")
}

/// The sample with a ranking head and a user prior.
pub fn write_ranked(folder: &Path, (method, weights): &(RankingMethod, RankingWeights)) -> Manifest {
    let (factors, values) = (factors(), [4.0, 5.0, 1.5]);
    let prior = UserPrior { mean: vec![0.1, 0.2, 0.3], ..UserPrior::uninformed(2) };
    let mut artifact = artifact(&factors, &values);
    artifact.description.ranking_head = Some(RankingHead::unmeasured(*method));
    artifact.ranking = Some(weights);
    artifact.user_prior = Some(&prior);
    write_folder(folder, &artifact).expect("an artifact")
}

pub fn artifact<'a>(factors: &'a Factors, values: &'a [f32]) -> NewArtifact<'a> {
    static IDS: LazyLock<(Ids, Ids, Catalogue)> =
        LazyLock::new(|| (Ids::new(["10", "2"]), Ids::new(["2959", "50", "9"]), catalogue()));
    let (user_ids, movie_ids, catalogue) = &*IDS;
    NewArtifact {
        description: description(),
        user_ids,
        movie_ids,
        factors,
        rated_offsets: &[0, 2, 3],
        rated_movies: &[0, 1, 1],
        rated_values: values,
        movie_spreads: None,
        rated_order: None,
        user_prior: None,
        ranking: None,
        catalogue,
    }
}

/// A calibration of which every part moves the score.
pub fn calibration() -> Calibration {
    let table = CalibrationTable {
        frame: Frame { centre: 3.5, usual_spread: 1.0, users: [1.0, 1.0], movies: [1.0, 1.0] },
        bilinear: (0..BILINEAR_TERMS).map(|index| 0.01 * index as f32).collect(),
        unrated: Some(0.1),
        link: Some([0.02, -0.01]),
        rank_score: Some([0.1, -0.02, 0.03]),
    };
    Calibration::try_from(table).expect("a calibration")
}

/// The spreads of the movies' ratings in [`write_calibrated`].
pub const SPREADS: [f32; 3] = [0.9, 1.1, 1.0];

/// The sample with a ranking head and a calibration.
pub fn write_calibrated(folder: &Path, (method, weights): &(RankingMethod, RankingWeights)) -> Manifest {
    let (factors, values) = (factors(), [4.0, 5.0, 1.5]);
    let mut artifact = artifact(&factors, &values);
    artifact.description.ranking_head = Some(RankingHead::unmeasured(*method));
    artifact.description.calibration = Some(calibration());
    (artifact.ranking, artifact.movie_spreads) = (Some(weights), Some(SPREADS.as_slice()));
    write_folder(folder, &artifact).expect("an artifact")
}
