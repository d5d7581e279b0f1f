//! Whatever is sent, the answer has a documented form.

use axum::body::Body;
use axum::http::{Method, Request, Uri};
use proptest::prelude::*;

use crate::support::{Answer, app, send};

fn answer(request: Request<Body>) -> Answer {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(send(app(), request))
}

fn assert_documented(answer: &Answer) {
    assert!(answer.status.as_u16() < 500, "{answer:?}");
    if !answer.status.is_success() {
        assert!(answer.body["error"]["code"].is_string(), "{answer:?}");
    }
}

#[test]
fn a_path_that_is_not_text_is_refused() {
    for path in ["/movies/%ff", "/movies/%fe/similar", "/users/%80/recommendations", "/page/%ff"] {
        let answer = answer(Request::get(path).body(Body::empty()).unwrap());
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
    fn any_body(body in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_documented(&answer(Request::post("/predict").body(Body::from(body)).unwrap()));
    }

    #[test]
    fn any_fields(user in ".{0,20}", movie in ".{0,20}") {
        let body = serde_json::json!({"userId": user, "movieId": movie}).to_string();
        assert_documented(&answer(Request::post("/predict").body(Body::from(body)).unwrap()));
    }

    #[test]
    fn any_path_and_method(path in "/[ -~]{0,30}", method in "[A-Z]{1,8}") {
        let (Ok(uri), Ok(method)) = (path.parse::<Uri>(), method.parse::<Method>()) else { return Ok(()) };
        // The answer to HEAD has no body.
        prop_assume!(method != Method::HEAD);
        assert_documented(&answer(Request::builder().method(method).uri(uri).body(Body::empty()).unwrap()));
    }
}
