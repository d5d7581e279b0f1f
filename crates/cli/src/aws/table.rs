//! The table in which the stack keeps ratings.

use anyhow::{Context, Result};
use matinee_dynamodb_ratings::{DynamoDbRatings, TableName};

use super::account::Account;
use super::options::StackOptions;

impl Account {
    /// The name of the table; `None` if the stack keeps no ratings.
    pub fn ratings_table(&self) -> Result<Option<TableName>> {
        Ok(self.variables().parse("RATINGS_TABLE")?)
    }
}

/// The table of the stack that the variables name.
pub async fn open() -> Result<(DynamoDbRatings, TableName)> {
    let account = Account::new(StackOptions::of_environment()).await;
    let table = account.ratings_table()?.with_context(|| no_table(&account))?;
    Ok((DynamoDbRatings::patient(&account.config, table.clone()), table))
}

fn no_table(account: &Account) -> String {
    let name = &account.stack.name;
    let remedy = "name another stack with MATINEE_STACK, or a table with MATINEE_RATINGS_TABLE";
    match account.stack_error() {
        Some(error) => format!("the table is unknown: {error}; {remedy}"),
        None => {
            format!("the stack `{name}` keeps no ratings; deploy it with LiveRatings=true, {remedy}")
        }
    }
}
