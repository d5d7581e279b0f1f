//! Whether anything came in since some time.

use std::time::Duration;

use aws_sdk_dynamodb::types::Select;
use futures_util::{StreamExt, stream};
use matinee_live_ratings::{Moment, StoreError};

use crate::item::KEPT_AT;
use crate::{DynamoDbRatings, SEGMENTS, failed, number};

/// What came in since some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// At least one mark or deletion.
    Some,
    /// Nothing.
    None,
    /// The table is so large that the time was not enough to read all of it, and nothing was found in what was read.
    Unknown,
}

impl DynamoDbRatings {
    /// Looks for a write that arrived after `since`, and stops at the first one. It takes no longer than `limit`.
    pub async fn arrivals(&self, since: Moment, limit: Duration) -> Result<Arrivals, StoreError> {
        let looking = async {
            let segments = (0..SEGMENTS).map(|segment| self.has_arrivals(segment, since));
            let mut found = stream::iter(segments).buffer_unordered(SEGMENTS as usize);
            while let Some(has_arrivals) = found.next().await {
                if has_arrivals? {
                    return Ok(Arrivals::Some);
                }
            }
            Ok(Arrivals::None)
        };
        tokio::time::timeout(limit, looking).await.unwrap_or(Ok(Arrivals::Unknown))
    }

    /// Whether a segment has a write that arrived after `since`. Only counts are transferred.
    async fn has_arrivals(&self, segment: u32, since: Moment) -> Result<bool, StoreError> {
        let scan = self
            .scan_of(segment)
            .select(Select::Count)
            .filter_expression("#kept > :since")
            .expression_attribute_names("#kept", KEPT_AT)
            .expression_attribute_values(":since", number(since.0));
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            if page.map_err(|error| failed(&error))?.count > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
