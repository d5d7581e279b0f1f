//! Answers in fewer bytes, for callers that take them.

use axum::Router;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};

/// What is smaller fits a packet or two as it is.
const SMALLEST: u64 = 1024;

/// Compresses answers of more than a kilobyte by gzip if the request accepts that, at the fastest level: a function has
/// a fraction of a processor.
pub fn compressed(router: Router) -> Router {
    let predicate = DefaultPredicate::new().and(SizeAbove::new(SMALLEST));
    let layer = CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest);
    router.layer(layer.compress_when(predicate))
}
