//! The routes and the document say the same.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::app;

fn document() -> Value {
    serde_json::from_str(matinee_api::document()).unwrap()
}

/// `GET /model` and so on.
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
async fn the_router_has_just_the_documented_methods() {
    for route in documented() {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{movieId}", "10").replace("{userId}", "1").replace("{file}", "main.js");
        let request = Request::builder().method("PURGE").uri(path).body(Body::empty()).unwrap();
        let response = app().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{route} is there");
        let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
        let expected = if method == "GET" { "GET,HEAD" } else { method };
        assert_eq!(allowed, expected, "{route}");
    }
}

#[test]
fn every_route_that_takes_something_has_an_example() {
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
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let is_error = schema == "#/components/schemas/ErrorAnswer";
                assert_eq!(is_error, status != "200", "{status} {response}");
            }
        }
    }
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_all_of_its_files() {
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
        assert!(
            !content.contains("https://") && !content.replace("http://www.w3.org", "").contains("http://")
        );
        let imports = content.lines().filter(|line| line.starts_with("import"));
        files.extend(
            imports
                .filter_map(|line| Some(format!("page/{}", line.split("\"./").nth(1)?.split('"').next()?))),
        );
    }
    assert_eq!(json!(page.contains("href=\"/")), json!(false), "a path from the root breaks under a stage");
}
