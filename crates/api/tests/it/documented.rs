//! The routes and the `OpenAPI` document agree.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::app;

fn document() -> Value {
    serde_json::from_str(matinee_api::document().unwrap()).unwrap()
}

/// All documented operations, such as `GET /model`.
pub fn documented() -> BTreeSet<String> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, methods): (&String, &Value)| {
        let methods: Vec<String> = methods.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[tokio::test]
async fn the_router_has_exactly_the_documented_methods() {
    let documented = documented();
    for route in &documented {
        let (method, documented_path) = route.split_once(' ').unwrap();
        let path =
            documented_path.replace("{movieId}", "10").replace("{userId}", "1").replace("{file}", "main.js");
        let request = Request::builder().method("PURGE").uri(path).body(Body::empty()).unwrap();
        let response = app().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{route} exists");
        let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
        let allowed: BTreeSet<&str> = allowed.split(',').filter(|allowed| *allowed != "HEAD").collect();
        let on_path = documented.iter().filter_map(|other| other.split_once(' '));
        let expected =
            on_path.filter(|(_, other)| *other == documented_path).map(|(method, _)| method).collect();
        assert_eq!(allowed, expected, "{method} {documented_path}");
    }
}

#[test]
fn every_required_parameter_and_body_has_an_example() {
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            for parameter in parameters.iter().filter(|parameter| parameter["required"] == true) {
                assert!(!parameter["example"].is_null(), "{path}: {}", parameter["name"]);
            }
            if let Some(content) = operation["requestBody"]["content"].as_object() {
                assert!(content.values().all(|content| content["example"].is_object()), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn every_error_has_the_documented_form() {
    let document = document();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = match response["$ref"].as_str() {
                    Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
                    None => response,
                };
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let is_error = schema == "#/components/schemas/ErrorAnswer";
                let is_success = ["200", "201", "204", "304"].contains(&status.as_str());
                assert_eq!(is_error, !is_success, "{status} {response}");
            }
        }
    }
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn each_parameter_of_a_path_is_described() {
    for (path, methods) in document()["paths"].as_object().unwrap() {
        let parts = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parts: BTreeSet<&str> = parts.collect();
        for operation in methods.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let described = in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(parts, described, "{path}");
        }
    }
}

#[test]
fn an_operation_documents_the_errors_that_it_can_return() {
    let document = document();
    let statuses = |route: &str| {
        let (method, path) = route.split_once(' ').unwrap();
        let responses = &document["paths"][path][method.to_lowercase()]["responses"];
        responses.as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect::<Vec<u16>>()
    };
    for (route, expected) in [
        ("POST /predict", &[200, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504][..]),
        ("POST /predict/batch", &[200, 400, 401, 403, 413, 429, 500, 502, 503, 504]),
        ("POST /recommendations", &[200, 400, 401, 403, 413, 429, 500, 501, 503, 504]),
        ("PUT /users/{userId}/ratings/{movieId}", &[200, 201, 400, 401, 403, 404, 413, 429, 500, 503, 504]),
        ("DELETE /users/{userId}/ratings/{movieId}", &[204, 400, 401, 403, 404, 413, 429, 500, 503, 504]),
        ("GET /genres", &[200, 304, 401, 403, 429, 500, 503, 504]),
        ("GET /movies/{movieId}", &[200, 304, 400, 401, 403, 404, 429, 500, 503, 504]),
        ("GET /", &[200, 304, 429, 504]),
    ] {
        assert_eq!(statuses(route), expected, "{route}");
    }
}

#[test]
fn keys_and_signatures_are_documented_and_the_page_requires_none() {
    let document = document();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["api_key"]["in"], &schemes["api_key"]["name"]),
        (&json!("header"), &json!("x-api-key"))
    );
    assert_eq!(schemes["sigv4"]["x-amazon-apigateway-authtype"], "awsSigv4");
    assert_eq!(schemes["cognito"]["x-amazon-apigateway-authtype"], "cognito_user_pools");
    assert_eq!(document["security"], json!([{}, {"api_key": []}, {"sigv4": []}, {"cognito": []}]));
    for path in ["/", "/page/{file}"] {
        assert_eq!(document["paths"][path]["get"]["security"], json!([]), "{path}");
    }
}

/// The schemas have the same fields as the types of the artifact.
#[test]
fn the_schemas_of_a_model_have_its_fields() {
    use matinee_model::RatingScale;
    use matinee_model::artifact::{Counts, HoldOut, Metrics, Ranking};
    let hold_out = HoldOut { fraction: 0.1, test_count: 3, rmse: 0.9, mae: 0.7, unreduced_rmse: Some(0.8) };
    let ranking = Ranking { ndcg_at_10: 0.2, recall_at_20: 0.3 };
    let counts = Counts { users: 1, movies: 2, rated_movies: 2, ratings: 3 };
    let metrics = Metrics { hold_out: Some(hold_out), ranking: Some(ranking) };
    for (name, value) in [
        ("RatingScale", json!(RatingScale::MOVIELENS)),
        ("Counts", json!(counts)),
        ("Metrics", json!(metrics)),
        ("HoldOut", json!(hold_out)),
        ("Ranking", json!(ranking)),
    ] {
        let schema = &document()["components"]["schemas"][name];
        let described: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(described, value.as_object().unwrap().keys().collect(), "{name}");
    }
}

#[test]
fn an_id_is_a_string_or_a_whole_number() {
    let document = document();
    let id = &document["components"]["schemas"]["Id"]["oneOf"];
    let types: Vec<&Value> = id.as_array().unwrap().iter().map(|schema| &schema["type"]).collect();
    assert_eq!(types, ["string", "integer"]);
}

#[tokio::test]
async fn the_page_loads_all_of_its_files_and_nothing_from_other_servers() {
    let get = async |path: String| {
        let response = app().oneshot(Request::get(&path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    };
    let page = get("/".to_owned()).await;
    let links = page.split(['"']).filter(|part| part.starts_with("page/")).map(str::to_owned);
    let mut files: Vec<String> = links.collect();
    assert!(files.len() >= 3, "{files:?}");
    while let Some(file) = files.pop() {
        let content = get(format!("/{file}")).await;
        // A namespace, and where links lead that the visitor may follow.
        let known = ["http://www.w3.org", "https://www.imdb.com/title/", "https://www.themoviedb.org/movie/"];
        let others = known.iter().fold(content.clone(), |content, address| content.replace(address, ""));
        assert!(!others.contains("https://") && !others.contains("http://"), "{file}");
        let imports = content.lines().filter(|line| line.starts_with("import"));
        files.extend(
            imports
                .filter_map(|line| Some(format!("page/{}", line.split("\"./").nth(1)?.split('"').next()?))),
        );
    }
    assert_eq!(
        json!(page.contains("href=\"/")),
        json!(false),
        "an absolute path does not work behind a stage"
    );
}
