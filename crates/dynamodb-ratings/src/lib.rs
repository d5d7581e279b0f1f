//! A [`RatingStore`] in a `DynamoDB` table, for the functions and the training job.
//!
//! The partition key `user` is the user. The sort key `movie` is `movie#` and the movie's id, or `forgotten` for the time
//! at which the user was deleted. An item has the latest rating in `rating`, with its time in `rated_at`; without
//! `rating`, it was taken back then. In the same way it has `hidden` and `hidden_at`. Times are in milliseconds since
//! 1970. Each write is one update with a condition on the time, so the latest counts without a read before. `kept_at` is
//! the time at which the last write arrived.

mod arrivals;
mod deletions;
mod item;
mod table_name;

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures_util::{StreamExt, TryStreamExt, stream};
use matinee_live_ratings::{
    Kept, Mark, Moment, Outcome, Outcomes, Page, Position, RatingStore, StoreError, StoreFuture, Write,
};
use matinee_model::{MovieId, UserId};

pub use arrivals::Arrivals;
use item::{Columns, Item, KEPT_AT, MOVIE, USER};
pub use table_name::{TableName, TableNameError};

/// How many updates are sent at the same time.
const CONCURRENT: usize = 16;

/// How many segments of the table are scanned at the same time. More would leave too little of a new table's capacity to
/// requests: it allows 12,000 read units per second, and a page of 1 MB takes 256 of them.
const SEGMENTS: u32 = 4;

/// Ratings in a table.
#[derive(Debug, Clone)]
pub struct DynamoDbRatings {
    client: Client,
    table: TableName,
}

impl DynamoDbRatings {
    /// The table of this name, with the region, credentials and service URL of the environment.
    pub async fn new(table: TableName) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(3))
            .operation_timeout(Duration::from_secs(5))
            .build();
        let retries = RetryConfig::standard().with_max_attempts(3).with_max_backoff(Duration::from_secs(1));
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(retries)
            .load()
            .await;
        Self::of(&shared, table)
    }

    /// The table of this name for reading all of it, with the region, credentials and service URL of `shared`. A read that
    /// is throttled or interrupted is repeated for minutes, because nobody waits for an answer.
    pub fn patient(shared: &SdkConfig, table: TableName) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(30))
            .build();
        let retries = RetryConfig::standard().with_max_attempts(12).with_max_backoff(Duration::from_secs(20));
        let config = shared.to_builder().timeout_config(timeouts).retry_config(retries).build();
        Self::of(&config, table)
    }

    /// The table of this name, with the region, credentials, service URL and time limits of `shared`.
    pub fn of(shared: &SdkConfig, table: TableName) -> Self {
        Self { client: Client::new(shared), table }
    }

    /// Keeps marks. Those on one movie by one user are kept one after the other.
    async fn keep_all(&self, writes: Vec<Write>) -> Vec<Result<Outcome, StoreError>> {
        let mut outcomes = vec![Err(StoreError::Timeout); writes.len()];
        let mut by_key: HashMap<(UserId, MovieId), Vec<(usize, Write)>> = HashMap::new();
        for (index, write) in writes.into_iter().enumerate() {
            by_key.entry((write.user.clone(), write.movie.clone())).or_default().push((index, write));
        }
        let keeping = by_key.into_values().map(|writes| self.keep_in_order(writes));
        let kept: Vec<_> = stream::iter(keeping).buffer_unordered(CONCURRENT).collect().await;
        for (index, outcome) in kept.into_iter().flatten() {
            outcomes[index] = outcome;
        }
        outcomes
    }

    async fn keep_in_order(&self, writes: Vec<(usize, Write)>) -> Vec<(usize, Result<Outcome, StoreError>)> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for (index, write) in writes {
            outcomes.push((index, self.keep_one(&write).await));
        }
        outcomes
    }

    async fn keep_one(&self, write: &Write) -> Result<Outcome, StoreError> {
        let columns = Columns::of(write.mark.kind());
        let set = match write.mark.value() {
            Some(_) => "SET #time = :time, #value = :value, #kept = :now",
            None => "SET #time = :time, #kept = :now REMOVE #value",
        };
        let update = self
            .client
            .update_item()
            .table_name(self.table.as_str())
            .key(USER, text(write.user.as_str()))
            .key(MOVIE, text(&item::key(&write.movie)))
            .update_expression(set)
            .condition_expression("attribute_not_exists(#time) OR #time <= :time")
            .expression_attribute_names("#time", columns.time)
            .expression_attribute_names("#value", columns.value)
            .expression_attribute_names("#kept", KEPT_AT)
            .expression_attribute_values(":time", number(write.time.0))
            .expression_attribute_values(":now", number(Moment::now().0))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match write.mark.value() {
            Some(value) => update.expression_attribute_values(":value", number(value)),
            None => update,
        };
        match update.send().await {
            Ok(done) => {
                let before = done.attributes.and_then(|old| Item(old).mark(write.mark.kind()));
                let is_new = before.is_none_or(|(before, _)| before.is_undoing());
                Ok(if is_new { Outcome::Created } else { Outcome::Replaced })
            }
            Err(error) => later(&error, write.mark).ok_or_else(|| failed(&error)),
        }
    }

    /// All items of a user, as they are after every update that was answered.
    async fn items(&self, user: &UserId) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(self.table.as_str())
            .key_condition_expression("#user = :user")
            .expression_attribute_names("#user", USER)
            .expression_attribute_values(":user", text(user.as_str()))
            .consistent_read(true);
        let items = query.into_paginator().items().send();
        let items = items.try_collect().await.map_err(|error| failed(&error))?;
        Ok(items.into_iter().map(Item).collect())
    }

    /// The next page of a segment, as it is after every write that was answered. Its size is what `DynamoDB` allows, 1 MB.
    fn scan_of(&self, segment: u32) -> ScanFluentBuilder {
        self.client
            .scan()
            .table_name(self.table.as_str())
            .consistent_read(true)
            .segment(segment.cast_signed())
            .total_segments(SEGMENTS.cast_signed())
    }
}

impl RatingStore for DynamoDbRatings {
    fn keep(&self, writes: Vec<Write>) -> Outcomes<'_> {
        Box::pin(async move {
            let mut outcomes = self.keep_all(writes.clone()).await;
            self.take_back_forgotten(&writes, &mut outcomes).await;
            outcomes
        })
    }

    fn kept<'a>(&'a self, user: &'a UserId) -> StoreFuture<'a, Kept> {
        Box::pin(async {
            let items = self.items(user).await?;
            Ok(Kept::of(items.iter().flat_map(Item::records)))
        })
    }

    fn forget<'a>(&'a self, user: &'a UserId, time: Moment) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            // First, so that nothing counts even if the rest fails. Then the deletion can be repeated.
            self.mark_forgotten(user, time).await?;
            let items = self.items(user).await?;
            let movies: Vec<String> = items.iter().filter_map(Item::movie_key).map(str::to_owned).collect();
            let removing = movies.into_iter().map(|movie| self.remove(user, movie, time));
            stream::iter(removing).buffer_unordered(CONCURRENT).try_collect().await
        })
    }

    fn shares(&self) -> u32 {
        SEGMENTS
    }

    fn page(&self, share: u32, after: Option<Position>) -> StoreFuture<'_, Page> {
        Box::pin(async move {
            let start = after.as_ref().and_then(item::key_at);
            let scan = self.scan_of(share).set_exclusive_start_key(start).send();
            // Another thread may parse the answer while this one handles that of another segment.
            let found = tokio::spawn(scan).await.map_err(|error| StoreError::Failed(error.to_string()))?;
            let found = found.map_err(|error| failed(&error))?;
            let next = found.last_evaluated_key.as_ref().and_then(item::position);
            let items = found.items.unwrap_or_default().into_iter().map(Item);
            let records = items.flat_map(|item| {
                let user = item.user();
                item.records().into_iter().map(|record| (user.clone(), record)).collect::<Vec<_>>()
            });
            Ok(Page { records: records.collect(), next })
        })
    }
}

/// The later mark that made the condition of an update fail.
fn later(error: &SdkError<UpdateItemError>, mark: Mark) -> Option<Outcome> {
    let SdkError::ServiceError(refusal) = error else { return None };
    let UpdateItemError::ConditionalCheckFailedException(refusal) = refusal.err() else { return None };
    let (mark, time) = Item(refusal.item.clone()?).mark(mark.kind())?;
    Some(Outcome::Outdated { mark, time })
}

fn is_later(error: &SdkError<UpdateItemError>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

fn failed<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error {
        SdkError::TimeoutError(_) => StoreError::Timeout,
        error => StoreError::Failed(with_causes(error)),
    }
}

/// An error and its causes in one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
