//! An S3 on loopback that reads ranges of the files in a folder, and answers each request late.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

struct Bucket {
    folder: PathBuf,
    delay: Duration,
}

/// Serves the files under `folder` as `/BUCKET/KEY`, each request after `delay`. Returns the address.
pub async fn serve(folder: &Path, delay: Duration) -> String {
    let bucket = Arc::new(Bucket { folder: folder.to_owned(), delay });
    let app = Router::new().fallback(get).with_state(bucket);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

async fn get(State(bucket): State<Arc<Bucket>>, uri: Uri, headers: HeaderMap) -> Response {
    tokio::time::sleep(bucket.delay).await;
    let key = uri.path().splitn(3, '/').nth(2).unwrap_or_default();
    let Ok(file) = File::open(bucket.folder.join(key)) else { return StatusCode::NOT_FOUND.into_response() };
    let total = file.metadata().unwrap().len();
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = asked.and_then(|asked| asked.split_once('-')) else {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    };
    let (first, last) = (first.parse::<u64>().unwrap(), last.parse::<u64>().unwrap().min(total - 1));
    let mut bytes = vec![0; (last + 1 - first) as usize];
    file.read_exact_at(&mut bytes, first).unwrap();
    let headers = [
        (header::ETAG, "\"1\"".to_owned()),
        (header::CONTENT_RANGE, format!("bytes {first}-{last}/{total}")),
    ];
    (StatusCode::PARTIAL_CONTENT, headers, bytes).into_response()
}
