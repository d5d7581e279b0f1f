//! Users who were deleted.
//!
//! A deletion keeps its time first, and removes the marks afterwards. A write keeps its mark first, and reads that time
//! afterwards. So whichever comes first, one of them sees the other, and no mark from before the deletion stays.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, stream};
use matinee_live_ratings::{Moment, Outcome, StoreError, Write};
use matinee_model::UserId;

use crate::item::{self, Columns, FORGOTTEN, FORGOTTEN_AT, Item, KEPT_AT, MOVIE, USER};
use crate::{CONCURRENT, DynamoDbRatings, failed, is_later, number, text};

impl DynamoDbRatings {
    /// Keeps the time at which a user was deleted, unless the user was deleted later.
    pub(super) async fn mark_forgotten(&self, user: &UserId, time: Moment) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(self.table.as_str())
            .key(USER, text(user.as_str()))
            .key(MOVIE, text(FORGOTTEN))
            .update_expression("SET #time = :time, #kept = :now")
            .condition_expression("attribute_not_exists(#time) OR #time <= :time")
            .expression_attribute_names("#time", FORGOTTEN_AT)
            .expression_attribute_names("#kept", KEPT_AT)
            .expression_attribute_values(":time", number(time.0))
            .expression_attribute_values(":now", number(Moment::now().0));
        match update.send().await {
            Err(error) if !is_later(&error) => Err(failed(&error)),
            _ => Ok(()),
        }
    }

    /// When a user was deleted, as it is after every deletion that was answered.
    async fn forgotten(&self, user: &UserId) -> Result<Option<Moment>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(self.table.as_str())
            .key(USER, text(user.as_str()))
            .key(MOVIE, text(FORGOTTEN))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| failed(&error))?;
        Ok(found.item.and_then(|item| Item(item).forgotten()))
    }

    /// Removes those of the marks that are not later than the deletion of their user, and says so in their outcomes.
    pub(super) async fn take_back_forgotten(
        &self,
        writes: &[Write],
        outcomes: &mut [Result<Outcome, StoreError>],
    ) {
        let is_kept = |outcome: &_| matches!(outcome, Ok(Outcome::Created | Outcome::Replaced));
        let kept: Vec<usize> = (0..writes.len()).filter(|&index| is_kept(&outcomes[index])).collect();
        let users: HashSet<UserId> = kept.iter().map(|&index| writes[index].user.clone()).collect();
        let look_ups = users.into_iter().map(|user| async move {
            let deleted = self.forgotten(&user).await;
            (user, deleted)
        });
        let deletions: HashMap<UserId, Result<Option<Moment>, StoreError>> =
            stream::iter(look_ups).buffer_unordered(CONCURRENT).collect().await;
        for index in kept {
            let write = &writes[index];
            match &deletions[&write.user] {
                Ok(Some(deleted)) if *deleted >= write.time => {
                    let removed = self.remove(&write.user, item::key(&write.movie), *deleted).await;
                    outcomes[index] = removed.map(|()| Outcome::Forgotten(*deleted));
                }
                Ok(_) => {}
                Err(error) => outcomes[index] = Err(error.clone()),
            }
        }
    }

    /// Removes an item, unless a mark came in after `time`.
    pub(super) async fn remove(&self, user: &UserId, movie: String, time: Moment) -> Result<(), StoreError> {
        let [rating, hiding] = Columns::ALL;
        let remove = self
            .client
            .delete_item()
            .table_name(self.table.as_str())
            .key(USER, text(user.as_str()))
            .key(MOVIE, AttributeValue::S(movie))
            .condition_expression(
                "(attribute_not_exists(#rated) OR #rated <= :time) AND (attribute_not_exists(#hidden) OR #hidden <= :time)",
            )
            .expression_attribute_names("#rated", rating.time)
            .expression_attribute_names("#hidden", hiding.time)
            .expression_attribute_values(":time", number(time.0));
        match remove.send().await {
            // The user has come back. What is older does not count, because the time of the deletion is kept.
            Err(SdkError::ServiceError(refusal)) if refusal.err().is_conditional_check_failed_exception() => {
                Ok(())
            }
            Err(error) => Err(failed(&error)),
            Ok(_) => Ok(()),
        }
    }
}
