//! The two functions that keep the model up to date: `start-training` and `publish-model`.
//!
//! They are one program, so that `sam build` compiles and links the SDKs that both need once. The variable `FUNCTION` says
//! which of them it is.

mod publish_model;
mod start_training;

use anyhow::{Result, bail};
use matinee_aws::init_logging;
use matinee_variables::Variables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    init_logging();
    match Variables::of_process().require("FUNCTION")?.as_str() {
        "start-training" => start_training::run().await,
        "publish-model" => publish_model::run().await,
        other => bail!("FUNCTION is `{other}`; it must be start-training or publish-model"),
    }
}
