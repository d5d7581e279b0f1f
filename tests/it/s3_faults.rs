//! S3 is slow, cuts connections, returns wrong bytes or refuses: at a cold start, and while a newer model is loaded.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use matinee_model::artifact::sha256_hex;
use matinee_tests::{Aimed, Fault};
use serde_json::{Value, json};

use crate::test_bed::{POINTER, TestBed};

const GET: &str = "s3:GetObject";
const TENSORS: &str = "model.safetensors";
const SLOW_DOWN: Fault = Fault::Refuse(503, "SlowDown");
/// How long API Gateway waits.
const GATEWAY: Duration = Duration::from_secs(29);

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_not_seen_by_the_first_request() {
    let brief = [
        Fault::Delay(Duration::from_millis(300)).into(),
        Fault::Cut.at(GET, POINTER).times(1),
        Fault::Cut.at(GET, TENSORS).times(2),
        Fault::Cut.at(GET, "movies.csv").times(1),
        Fault::Lose.at(GET, TENSORS).times(2),
        SLOW_DOWN.at(GET, POINTER).times(2),
        SLOW_DOWN.at(GET, TENSORS).times(2),
        Fault::Refuse(500, "InternalError").at(GET, "manifest.json").times(2),
    ];
    join_all(brief.map(async |fault: Aimed| {
        let bed = TestBed::start().await;
        bed.recorder.inject(fault.clone());
        let answer = bed.predict().await.ask().await;
        assert_eq!(
            (answer.status, &answer.body["model_version"]),
            (200, &json!(bed.versions[0])),
            "{fault:?}"
        );
        bed.heal().await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_is_a_503_with_its_reason_and_then_over() {
    let lasting = [
        (Fault::Cut.into(), "unreachable"),
        (Fault::Lose.into(), "unreachable"),
        (SLOW_DOWN.into(), "unreachable"),
        (Fault::Corrupt.at(GET, TENSORS), "invalid"),
        (Fault::Corrupt.at(GET, "movies.csv"), "invalid"),
        (Fault::Corrupt.at(GET, "manifest.json"), "invalid"),
        (Fault::Refuse(403, "AccessDenied").at(GET, POINTER), "access_denied"),
        (Fault::Refuse(403, "AccessDenied").at(GET, TENSORS), "access_denied"),
        (Fault::Refuse(404, "NoSuchKey").at(GET, POINTER), "not_found"),
        (Fault::Refuse(404, "NoSuchKey").at(GET, TENSORS), "not_found"),
    ];
    join_all(lasting.map(async |(fault, reason): (Aimed, &str)| {
        let bed = TestBed::start().await;
        bed.recorder.inject(fault);
        let predict = bed.predict().await;
        predict.ask().await.assert_unavailable(reason);
        bed.heal().await;
        predict.recovers_to(&bed.versions[0]).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_and_then_somebody_does() {
    let bed = TestBed::start().await;
    bed.recorder.refuse_connections().await;
    let cold = bed.predict().await;
    cold.ask().await.assert_unavailable("unreachable");
    bed.recorder.heal().await;
    cold.recovers_to(&bed.versions[0]).await;

    bed.recorder.refuse_connections().await;
    bed.point_to(1);
    cold.goes_on_with(&bed.versions[0]).await;
    bed.recorder.heal().await;
    cold.comes_to(&bed.versions[1]).await;
}

/// This test takes as long as the function waits for S3.
#[tokio::test(flavor = "multi_thread")]
async fn an_s3_that_hangs_is_given_up_before_the_api_gives_up() {
    let hangs = [Fault::Hang.into(), Fault::Stall.at(GET, TENSORS)];
    let cold = join_all(hangs.map(async |fault: Aimed| {
        let bed = TestBed::start().await;
        bed.recorder.inject(fault);
        let predict = bed.predict().await;
        predict.ready().await;
        let begin = Instant::now();
        predict.ask().await.assert_unavailable("unreachable");
        assert!(begin.elapsed() < GATEWAY, "{:?}", begin.elapsed());
        bed.heal().await;
        predict.recovers_to(&bed.versions[0]).await;
    }));
    let hot = join_all([Fault::Hang, Fault::Stall].map(async |fault| {
        let bed = TestBed::start().await;
        let predict = bed.predict().await;
        predict.comes_to(&bed.versions[0]).await;
        bed.recorder.inject(fault.at(GET, TENSORS).times(1));
        bed.point_to(1);
        predict.goes_on_with(&bed.versions[0]).await;
        predict.comes_to(&bed.versions[1]).await;
        bed.heal().await;
    }));
    tokio::join!(cold, hot);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_s3_does_the_loaded_model_goes_on_answering() {
    let faults = [
        Fault::Cut.at(GET, TENSORS),
        Fault::Cut.at(GET, POINTER),
        Fault::Corrupt.at(GET, TENSORS),
        SLOW_DOWN.into(),
        Fault::Refuse(403, "AccessDenied").at(GET, TENSORS),
        Fault::Refuse(403, "AccessDenied").at(GET, POINTER),
        Fault::Refuse(404, "NoSuchKey").at(GET, TENSORS),
        Fault::Delay(Duration::from_millis(700)).into(),
    ];
    join_all(faults.map(async |fault: Aimed| {
        let bed = TestBed::start().await;
        let predict = bed.predict().await;
        predict.comes_to(&bed.versions[0]).await;
        bed.recorder.inject(fault);
        bed.point_to(1);
        predict.goes_on_with(&bed.versions[0]).await;
        bed.heal().await;
        predict.comes_to(&bed.versions[1]).await;
    }))
    .await;
}

/// What is stored in place of the pointer.
type Pointer = fn(&TestBed) -> String;

fn pointer_with(bed: &TestBed, field: &str, value: &str) -> String {
    let mut pointer = bed.pointer(1);
    pointer[field] = json!(value);
    pointer.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pointer_that_leads_nowhere_is_told_and_never_followed() {
    let pointers: [(&str, Pointer, &str); 6] = [
        ("no JSON", |_| "{".to_owned(), "invalid"),
        ("no pointer", |_| "[1]".to_owned(), "invalid"),
        ("a place that is none", |bed| pointer_with(bed, "uri", "ftp://x"), "invalid"),
        ("a pointer", |bed| pointer_with(bed, "uri", &bed.s3.uri(POINTER)), "invalid"),
        ("a vanished object", |bed| pointer_with(bed, "uri", &bed.s3.uri("models/gone/")), "not_found"),
        ("another manifest", |bed| pointer_with(bed, "manifest_sha256", &"00".repeat(32)), "invalid"),
    ];
    join_all(pointers.map(async |(what, pointer, reason)| {
        let bed = TestBed::start().await;
        let running = bed.predict().await;
        running.comes_to(&bed.versions[0]).await;
        bed.s3.put(POINTER, pointer(&bed).as_bytes());
        let cold = bed.predict().await;
        println!("{what}");
        cold.ask().await.assert_unavailable(reason);
        running.goes_on_with(&bed.versions[0]).await;
        bed.point_to(1);
        running.comes_to(&bed.versions[1]).await;
        cold.recovers_to(&bed.versions[1]).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_found_without_a_new_pointer() {
    let bed = TestBed::start().await;
    let predict = bed.predict().await;
    predict.comes_to(&bed.versions[0]).await;
    let gone = "models/1/model.safetensors";
    let tensors = bed.s3.get(gone);
    bed.s3.delete(gone);
    bed.point_to(1);
    predict.goes_on_with(&bed.versions[0]).await;
    bed.s3.put(gone, &tensors);
    predict.comes_to(&bed.versions[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_larger_than_the_memory_is_refused_before_it_is_fetched() {
    let bed = TestBed::start().await;
    let small = bed.predict_with(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "20")]).await;
    small.ask().await.assert_unavailable("insufficient_memory");
    small.ask().await.assert_unavailable("insufficient_memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_room_beside_the_loaded_one_is_refused() {
    let bed = TestBed::start().await;
    let predict = bed.predict().await;
    predict.comes_to(&bed.versions[0]).await;
    let mut manifest: Value = serde_json::from_slice(&bed.s3.get("models/1/manifest.json")).unwrap();
    manifest["files"][TENSORS]["length"] = json!(300 << 20);
    let manifest = manifest.to_string();
    let mut pointer = bed.pointer(1);
    pointer["manifest_sha256"] = json!(sha256_hex(manifest.as_bytes()));
    bed.s3.put("models/1/manifest.json", manifest.as_bytes());
    bed.s3.put(POINTER, pointer.to_string().as_bytes());
    bed.predict().await.ask().await.assert_unavailable("insufficient_memory");
    predict.goes_on_with(&bed.versions[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_jump_change_no_answer() {
    for published_at in ["1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z", "yesterday"] {
        let bed = TestBed::start().await;
        let mut pointer = bed.pointer(0);
        pointer["published_at"] = json!(published_at);
        bed.s3.put(POINTER, pointer.to_string().as_bytes());
        let predict = bed.predict_with(&[("STACK_NAME", "matinee")]).await;
        let answer = predict.ask().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
