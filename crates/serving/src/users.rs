//! Looks up users, wherever their model keeps them.

use std::collections::{BTreeMap, HashMap};

use futures_util::stream::{self, StreamExt};
use matinee_model::{Model, TrainedUser, UserError, UserId};

/// How many blocks of users are read at a time.
const READS: usize = 16;

/// A user, `None` if the model does not know them, or why they cannot be looked up.
pub type FoundUser = Result<Option<TrainedUser>, UserError>;

/// Looks up a user. A failure is logged.
pub async fn find_user(model: &Model, id: &UserId) -> FoundUser {
    let found = model.find_user(id).await;
    if let Err(error) = &found {
        tracing::error!(detail = error.to_string(), "a user cannot be looked up");
    }
    found
}

/// Looks up many users. Each block of users is read once, and several blocks at a time. If one cannot be read, those
/// that were not read yet are not tried.
pub async fn find_users(model: &Model, ids: Vec<UserId>) -> HashMap<UserId, FoundUser> {
    let mut blocks: BTreeMap<Option<usize>, Vec<UserId>> = BTreeMap::new();
    for id in &ids {
        blocks.entry(model.user_block(id)).or_default().push(id.clone());
    }
    let mut found = HashMap::with_capacity(ids.len());
    let reads = stream::iter(blocks.into_values()).map(|ids| find_in_block(model, ids));
    let mut reads = reads.buffer_unordered(READS);
    while let Some(users) = reads.next().await {
        let is_unreadable = |error: &&UserError| matches!(error, UserError::Unreadable(_));
        let failure = users.iter().filter_map(|(_, user)| user.as_ref().err()).find(is_unreadable).cloned();
        found.extend(users);
        if let Some(error) = failure {
            for id in ids {
                found.entry(id).or_insert_with(|| Err(error.clone()));
            }
            break;
        }
    }
    found
}

/// Looks up users of one block. If it cannot be read for one of them, it is not read again for the others.
async fn find_in_block(model: &Model, ids: Vec<UserId>) -> Vec<(UserId, FoundUser)> {
    let mut found = Vec::with_capacity(ids.len());
    let mut failure = None;
    for id in ids {
        let user = match &failure {
            None => find_user(model, &id).await,
            Some(error) => Err(UserError::clone(error)),
        };
        failure = user.as_ref().err().cloned();
        found.push((id, user));
    }
    found
}
