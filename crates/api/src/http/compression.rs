//! Compressed answers for callers that accept them.

use axum::Router;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};

/// Smaller answers fit into a network packet or two without compression.
const MIN_BYTES: u64 = 1024;

/// Compresses answers of more than a kilobyte with gzip if the request accepts that. It uses the fastest level,
/// because a Lambda function has only a fraction of a processor.
pub fn compressed(router: Router) -> Router {
    let predicate = DefaultPredicate::new().and(SizeAbove::new(MIN_BYTES));
    let layer = CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest);
    router.layer(layer.compress_when(predicate))
}
