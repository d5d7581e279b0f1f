//! `matinee aws forget`: removes what is kept of a user.

mod files;
mod rewriting;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use matinee_dynamodb_ratings::DynamoDbRatings;
use matinee_live_ratings::{Moment, RatingStore};
use matinee_model::UserId;

use super::account::Account;
use super::versions::publisher;
use crate::progress::Waiting;
use files::{DataVersion, list_versions};
use rewriting::{Found, Searched};

/// Removes a user from the table and from the data in the bucket, after asking unless `yes`.
pub async fn run(account: &Account, user: &str, yes: bool) -> Result<ExitCode> {
    let user = UserId::from(user.trim());
    if user.as_str().is_empty() {
        bail!("the user is empty; give the id that the ratings have");
    }
    let bucket = account.bucket()?;
    let found = search(account, bucket, &user).await?;
    print_found(&found, &user);
    if !yes && !confirmed(&user)? {
        say!("nothing was removed");
        return Ok(ExitCode::SUCCESS);
    }
    // First, so that nothing answers for the user while the rest is removed.
    forget_in_table(account, &user).await?;
    for file in &found {
        file.remove(account, bucket, &user).await?;
    }
    print_rest(account).await?;
    Ok(ExitCode::SUCCESS)
}

/// Every version of a file of ratings that contains the user.
async fn search(account: &Account, bucket: &str, user: &UserId) -> Result<Vec<Found>> {
    let versions = list_versions(&account.s3, bucket).await?;
    let waiting = Waiting::with(format!("searching {} versions of files", versions.len()));
    let (mut found, mut not_ratings) = (Vec::new(), Vec::new());
    for version in versions {
        match Searched::read(account, bucket, &version, user).await? {
            Searched::NotRatings => not_ratings.push(version),
            Searched::Ratings { lines: 0 } => {}
            Searched::Ratings { lines } => found.push(Found { version, lines }),
        }
    }
    drop(waiting);
    for DataVersion { key, .. } in not_ratings.iter().filter(|version| version.is_latest) {
        eprintln!("note: not searching {key}, which is not a file of ratings that training reads");
    }
    Ok(found)
}

fn print_found(found: &[Found], user: &UserId) {
    if found.is_empty() {
        say!("no file in the bucket has ratings of user `{user}`");
    }
    for Found { version, lines } in found {
        let which = if version.is_latest { "" } else { ", an earlier version" };
        say!("{}: {lines} ratings{which}", version.name());
    }
}

fn confirmed(user: &UserId) -> Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("nobody can be asked whether to remove user `{user}`; give --yes to remove without asking");
    }
    eprint!("Remove user `{user}` for good? This cannot be undone. [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Does what `DELETE /users/{userId}` does.
async fn forget_in_table(account: &Account, user: &UserId) -> Result<()> {
    let Some(table) = account.ratings_table()? else {
        say!("the stack has no table of ratings");
        return Ok(());
    };
    let store = DynamoDbRatings::patient(&account.config, table.clone());
    store.forget(user, Moment::now()).await.with_context(|| {
        format!("cannot remove user `{user}` from the table {}; nothing else was removed", table.as_str())
    })?;
    say!("{}: removed, and no answer uses what a model has learned of the user", table.as_str());
    Ok(())
}

/// Says what still contains the user, and how long.
async fn print_rest(account: &Account) -> Result<()> {
    say!("\nwhat remains until it is replaced or removed:");
    if let Some(pointer) = publisher(account)?.list().await? {
        say!("  the live model {}, until a job that starts now has been published", pointer.live.version);
        for model in &pointer.previous {
            say!("  the earlier model {}", model.version);
        }
        say!(
            "  earlier models are kept while they are among the last ten; after that the bucket removes them within 60 days"
        );
    }
    say!("  checkpoints of interrupted jobs: 30 days");
    if account.ratings_table()?.is_some() {
        say!("  backups of the table, if LiveRatingsRecovery is true: 35 days");
    }
    say!("train now with `matinee aws train`, unless the stack does by itself after an upload");
    Ok(())
}
