//! Tests of the pointer.

use super::*;
use crate::artifact::Counts;
use proptest::prelude::*;

fn model(version: usize) -> Published {
    Published {
        version: version.to_string(),
        uri: format!("s3://bucket/models/{version}/"),
        manifest_sha256: "00".to_owned(),
        published_at: "2026-01-01T00:00:00Z".to_owned(),
        rolled_back_at: None,
        forced: false,
        figures: None,
    }
}

fn figures() -> Figures {
    Figures {
        algorithm: "bayes".to_owned(),
        trained_at: "2026-01-01T00:00:00Z".to_owned(),
        counts: Counts { users: 671, movies: 9125, rated_movies: 9066, ratings: 100_004 },
        rmse: Some(0.8128),
        ndcg_at_10: Some(0.1067),
        interval_coverage: Some(0.8),
    }
}

fn refused(version: usize) -> Refused {
    model(version).refused_for(&["worse".to_owned()])
}

fn versions(pointer: &LivePointer) -> Vec<&str> {
    pointer.previous.iter().map(|model| model.version.as_str()).collect()
}

#[test]
fn the_last_ten_are_kept_once_each() {
    let mut pointer = LivePointer::after(None, model(0));
    for version in 1..15 {
        pointer = LivePointer::after(Some(pointer), model(version));
    }
    assert_eq!(versions(&pointer), ["13", "12", "11", "10", "9", "8", "7", "6", "5", "4"]);
    let back = LivePointer::after(Some(pointer), model(13));
    assert_eq!((back.live.version.as_str(), versions(&back)[..2].to_vec()), ("13", vec!["14", "12"]));
}

#[test]
fn the_longest_pointer_is_read() {
    // The longest key of S3 in the bucket with the longest name, which backslashes would double.
    let text = "\\".repeat(40);
    let most = Counts { users: u32::MAX, movies: u32::MAX, rated_movies: u32::MAX, ratings: u32::MAX };
    let number = Some(0.123_456_789_012_345_67);
    let longest = |version| Published {
        uri: format!("s3://{}/", "\\".repeat(63 + 1024)),
        rolled_back_at: Some("2026-01-01T00:00:00Z".to_owned()),
        forced: true,
        figures: Some(Figures {
            algorithm: text.clone(),
            trained_at: text.clone(),
            counts: most,
            rmse: number,
            ndcg_at_10: number,
            interval_coverage: number,
        }),
        ..model(version)
    };
    let reasons = vec!["\\".repeat(1000); 10];
    let mut pointer = LivePointer::after(None, longest(0));
    for version in 1..20 {
        pointer = LivePointer::after(Some(pointer), longest(version));
        pointer = pointer.with_refused(longest(100 + version).refused_for(&reasons));
    }
    assert_eq!((pointer.previous.len(), pointer.refused.len()), (KEPT, KEPT_REFUSED));
    assert!(pointer.to_json().len() as u64 <= MAX_POINTER_BYTES);
}

#[test]
fn the_live_model_stands_at_the_top() {
    let pointer = LivePointer::after(None, model(1));
    let json: serde_json::Value = serde_json::from_str(&pointer.to_json()).unwrap();
    assert_eq!(json["version"], "1");
    assert_eq!(json["previous"], serde_json::json!([]));
    assert_eq!(LivePointer::parse(pointer.to_json().as_bytes()).unwrap(), pointer);
    assert!(LivePointer::parse(b"{\"version\":\"1\"}").unwrap_err().to_string().contains("uri"));
}

#[test]
fn what_an_earlier_release_wrote_is_read() {
    let json = r#"{"version":"2","uri":"s3://b/2/","manifest_sha256":"00","published_at":"2026-01-02T00:00:00Z",
        "previous":[{"version":"1","uri":"s3://b/1/","manifest_sha256":"00","published_at":"2026-01-01T00:00:00Z"}]}"#;
    let pointer = LivePointer::parse(json.as_bytes()).unwrap();
    assert_eq!((&pointer.live.figures, &pointer.previous[0].rolled_back_at), (&None, &None));
    assert!(pointer.refused.is_empty());
    let next = LivePointer::after(Some(pointer), Published { figures: Some(figures()), ..model(3) });
    assert_eq!(versions(&next), ["2", "1"]);
    assert_eq!(LivePointer::parse(next.to_json().as_bytes()).unwrap(), next);
}

#[test]
fn what_a_rollback_replaced_is_marked_until_it_is_live_again() {
    let pointer = LivePointer::after(Some(LivePointer::after(None, model(1))), model(2));
    let back = pointer.rolled_back(Published { published_at: "2026-02-01T00:00:00Z".to_owned(), ..model(1) });
    assert_eq!((back.live.version.as_str(), versions(&back)), ("1", vec!["2"]));
    assert_eq!(back.previous[0].rolled_back_at.as_deref(), Some("2026-02-01T00:00:00Z"));
    assert_eq!(back.live.rolled_back_at, None);
    let again = LivePointer::after(Some(back), model(2));
    assert_eq!((again.live.rolled_back_at, again.previous[0].rolled_back_at.clone()), (None, None));
}

#[test]
fn a_refused_model_is_remembered_once_and_forgotten_when_it_goes_live() {
    let mut pointer = LivePointer::after(None, model(0));
    for version in [1, 2, 1, 3, 4, 5, 6] {
        pointer = pointer.with_refused(refused(version));
    }
    let remembered = |pointer: &LivePointer| -> Vec<String> {
        pointer.refused.iter().map(|model| model.version.clone()).collect()
    };
    assert_eq!(remembered(&pointer), ["6", "5", "4", "3", "1"]);
    let forced = LivePointer::after(Some(pointer), model(4));
    assert_eq!(remembered(&forced), ["6", "5", "3", "1"]);
}

#[test]
fn the_best_before_is_none_that_was_rolled_back_or_is_older_than_a_forced_one() {
    let with = |version, rmse| Published {
        figures: Some(Figures { rmse: Some(rmse), ..figures() }),
        ..model(version)
    };
    let [first, second, third] = [with(1, 0.80), with(2, 0.81), with(3, 0.82)];
    let pointer = |previous: &[&Published]| LivePointer {
        live: with(4, 0.83),
        previous: previous.iter().map(|&model| model.clone()).collect(),
        refused: Vec::new(),
    };
    let best = |pointer: &LivePointer| pointer.best_before().map(|model| model.version.clone());
    assert_eq!(best(&pointer(&[&third, &second, &first])).as_deref(), Some("1"));
    let back = Published { rolled_back_at: Some(first.published_at.clone()), ..first.clone() };
    assert_eq!(best(&pointer(&[&third, &second, &back])).as_deref(), Some("2"));
    let forced = Published { forced: true, ..third.clone() };
    assert_eq!(best(&pointer(&[&forced, &second, &first])).as_deref(), Some("3"));
    assert_eq!(best(&pointer(&[&model(3)])), None, "it has no figures");
    assert_eq!(best(&pointer(&[&with(3, 0.84)])), None, "the live model is better");
    let mut pointer = pointer(&[&first]);
    pointer.live.forced = true;
    assert_eq!(best(&pointer), None);
}

proptest! {
    #[test]
    fn a_pointer_reads_back(texts in prop::collection::vec(any::<[String; 4]>(), 1..5)) {
        let mut models = texts.into_iter().map(|[version, uri, manifest_sha256, published_at]| {
            let (rolled_back_at, figures) = (Some(published_at.clone()), Some(figures()));
            Published { version, uri, manifest_sha256, published_at, rolled_back_at, forced: true, figures }
        });
        let (live, previous): (_, Vec<_>) = (models.next().unwrap(), models.collect());
        let refused = previous.iter().map(|model| model.refused_for(std::slice::from_ref(&model.uri))).collect();
        let pointer = LivePointer { live, previous, refused };
        prop_assert_eq!(LivePointer::parse(pointer.to_json().as_bytes()).unwrap(), pointer);
    }

    #[test]
    fn any_bytes_are_a_pointer_or_refused(bytes: Vec<u8>) {
        if let Err(error) = LivePointer::parse(&bytes) {
            prop_assert!(error.to_string().starts_with("not a valid live model pointer: "));
        }
    }
}
