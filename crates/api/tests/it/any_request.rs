//! The answer to any request has a documented form.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Uri};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{app, send};

/// Sends a request, and fails unless the answer has the documented form. The answer to HEAD has no body, and successful
/// answers may be text, such as the page.
fn assert_documented(request: Request<Body>) {
    let asked = format!("{} {}", request.method(), request.uri());
    let has_body = request.method() != Method::HEAD;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let response = runtime.block_on(app().oneshot(request)).unwrap();
    let (parts, body) = response.into_parts();
    let body = runtime.block_on(to_bytes(body, usize::MAX)).unwrap();
    let status = parts.status.as_u16();
    assert!([200, 400, 404, 405, 413].contains(&status), "{asked}: {status}");
    let request_id = parts.headers["x-request-id"].to_str().unwrap();
    if has_body && status != 200 {
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let error = answer["error"].as_object().unwrap();
        assert_eq!(error["request_id"], request_id);
        assert!(
            !error["code"].as_str().unwrap().is_empty() && !error["message"].as_str().unwrap().is_empty()
        );
        assert_eq!(parts.headers["content-type"], "application/json");
    }
}

/// The path of a route with any text as its id, or any path.
fn any_path() -> impl Strategy<Value = String> {
    let id = prop_oneof![Just("1".to_owned()), Just("20".to_owned()), "[!-~]{0,300}", "(%[0-9a-f]{2}){1,4}"];
    let route = prop::sample::select(vec![
        "/",
        "/predict",
        "/predict/batch",
        "/recommendations",
        "/users/{}/recommendations",
        "/users/{}/ratings",
        "/users/{}/ratings/10",
        "/users/1/hidden/{}",
        "/users/{}",
        "/ratings",
        "/movies",
        "/movies/{}",
        "/movies/{}/similar",
        "/genres",
        "/model",
        "/model/versions",
        "/health",
        "/openapi.json",
        "/page/{}",
    ]);
    prop_oneof![(route, id).prop_map(|(route, id)| route.replace("{}", &id)), "/[ -~]{0,30}"]
}

/// Any bytes, or JSON with nearly the right form.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(json!(1)),
        Just(json!(4.5)),
        Just(json!("20")),
        Just(json!(null)),
        Just(json!([])),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(|text| json!(text)),
    ];
    let entry = prop::collection::btree_map(
        prop::sample::select(vec![
            "userId", "movieId", "user_id", "movie_id", "rating", "ratings", "exclude", "other",
        ]),
        value.clone(),
        0..4,
    );
    let list = (prop::sample::select(vec!["pairs", "ratings"]), prop::collection::vec(entry.clone(), 0..4));
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        entry.prop_map(|entry| json!(entry).to_string().into_bytes()),
        list.prop_map(|(name, entries)| json!({(name): entries}).to_string().into_bytes()),
        value.prop_map(|value| json!({"pairs": value, "ratings": value}).to_string().into_bytes()),
    ]
}

#[test]
fn a_path_that_is_not_utf8_is_refused() {
    for path in ["/movies/%ff", "/movies/%fe/similar", "/users/%80/recommendations", "/page/%ff"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(send(app(), request));
        assert_eq!(
            (answer.status.as_u16(), &answer.body["error"]["code"]),
            (400, &"invalid_request".into()),
            "{path}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_method_path_query_and_body(
        method in prop_oneof!["GET", "POST", "HEAD", "OPTIONS", "DELETE", "[A-Z]{1,8}"],
        path in any_path(),
        query in prop_oneof![
            Just(String::new()),
            "[?](limit|cursor|query|genre|yearFrom|includeRated|ids|exclude)=[!-~]{0,20}",
            "[?][!-~]{0,30}",
        ],
        body in any_body(),
    ) {
        let (Ok(uri), Ok(method)) = (format!("{path}{query}").parse::<Uri>(), method.parse::<Method>()) else { return Ok(()) };
        assert_documented(Request::builder().method(method).uri(uri).body(Body::from(body)).unwrap());
    }

    #[test]
    fn any_body_of_every_route_that_takes_one(
        path in prop::sample::select(vec!["/predict", "/predict/batch", "/recommendations"]),
        body in any_body(),
    ) {
        assert_documented(Request::post(path).body(Body::from(body)).unwrap());
    }
}
