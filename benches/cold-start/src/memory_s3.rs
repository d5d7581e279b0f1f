//! An S3 on loopback with its objects in memory, so that the benchmark does not measure a disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

type Objects = Arc<HashMap<String, Bytes>>;

/// Serves these objects as `/BUCKET/KEY`. Returns the address.
pub async fn serve(objects: HashMap<String, Bytes>) -> String {
    let app = Router::new().fallback(get).with_state(Arc::new(objects));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

/// The files of a folder as objects under a prefix.
pub fn objects(prefix: &str, folder: &Path) -> HashMap<String, Bytes> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            (format!("{prefix}{name}"), std::fs::read(&path).unwrap().into())
        })
        .collect()
}

async fn get(State(objects): State<Objects>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(object) = objects.get(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let total = object.len();
    let etag = (header::ETAG, "\"1\"".to_owned());
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
        return ([etag], object.clone()).into_response();
    };
    let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap().min(total - 1));
    let range = (header::CONTENT_RANGE, format!("bytes {first}-{last}/{total}"));
    (StatusCode::PARTIAL_CONTENT, [etag, range], object.slice(first..=last)).into_response()
}
