//! All that a store keeps, user by user.

use futures_util::stream::{self, Stream, TryStreamExt};
use matinee_model::UserId;

use crate::{Kept, Position, RatingStore, Record, StoreError};

/// Calls `each` once for every user of whom something is kept. Shares are read at the same time, so the order of the users
/// may differ from one time to the next. Only a few pages are in memory at once.
pub async fn for_each_user(
    store: &dyn RatingStore,
    mut each: impl FnMut(UserId, Kept),
) -> Result<(), StoreError> {
    let shares = (0..store.shares()).map(|share| Box::pin(users_of(store, share)));
    let mut users = stream::select_all(shares);
    while let Some(complete) = users.try_next().await? {
        for (user, records) in complete {
            each(user, Kept::of(records));
        }
    }
    Ok(())
}

/// A user with records.
type User = (UserId, Vec<Record>);

/// How far a share has been read.
struct Reading {
    next: Option<Position>,
    /// The last user of the page before, who may have more records.
    open: Option<User>,
}

/// The users of a share, in groups: those that each page completes.
fn users_of(store: &dyn RatingStore, share: u32) -> impl Stream<Item = Result<Vec<User>, StoreError>> {
    stream::try_unfold(Some(Reading { next: None, open: None }), move |reading| async move {
        let Some(Reading { next, open }) = reading else { return Ok(None) };
        let page = store.page(share, next).await?;
        let mut users: Vec<User> = open.into_iter().collect();
        for (user, record) in page.records {
            match users.last_mut() {
                Some((last, records)) if *last == user => records.push(record),
                _ => users.push((user, vec![record])),
            }
        }
        let reading = page.next.map(|next| Reading { open: users.pop(), next: Some(next) });
        Ok(Some((users, reading)))
    })
}
