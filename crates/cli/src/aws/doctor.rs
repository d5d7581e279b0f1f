//! `matinee aws doctor`: everything that the loop needs, checked one by one, with the remedy for each lack.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use aws_sdk_ecr::types::ImageIdentifier;
use matinee_aws::{S3Source, S3Uri, chain, list_data};

use super::Account;
use super::versions;

/// Checks bucket, data, image, role, pointer and API.
pub async fn run(account: &Account) -> Result<ExitCode> {
    let mut faults = 0;
    for (name, found) in [
        ("bucket", bucket(account).await),
        ("data", data(account).await),
        ("image", image(account).await),
        ("role", role(account).await),
        ("model", model(account).await),
        ("API", api(account).await),
    ] {
        match found {
            Ok(detail) => say!("ok    {name:<7} {detail}"),
            Err(error) => {
                faults += 1;
                say!("FAULT {name:<7} {error:#}");
            }
        }
    }
    if faults == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{faults} of 6 checks found a fault");
    Ok(ExitCode::FAILURE)
}

async fn bucket(account: &Account) -> Result<String> {
    let bucket = account.bucket()?;
    let answer = account.s3.head_bucket().bucket(bucket).send().await;
    answer.map_err(|error| {
        anyhow!(
            "s3://{bucket} cannot be read: {}; deploy the stack, and check region and credentials",
            chain(&error)
        )
    })?;
    Ok(format!("s3://{bucket}"))
}

async fn data(account: &Account) -> Result<String> {
    let data = list_data(&account.s3, account.bucket()?).await?;
    let bytes: u64 = data.iter().map(|object| object.length).sum();
    Ok(format!("{} files, {bytes} bytes", data.len()))
}

async fn image(account: &Account) -> Result<String> {
    let image =
        account.stack.image.as_deref().context("no image is named; give --image or set MATINEE_IMAGE")?;
    let named = image.split_once('/').and_then(|(_, name)| name.rsplit_once(':'));
    let Some((repository, tag)) = named else {
        bail!("`{image}` is not ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG")
    };
    let ecr = aws_sdk_ecr::Client::new(&account.config);
    let request = ecr.describe_images().repository_name(repository);
    let answer = request.image_ids(ImageIdentifier::builder().image_tag(tag).build()).send().await;
    let answer = answer.map_err(|error| {
        anyhow!(
            "{image} is not there: {}; push it with container/build_and_push.sh {repository}:{tag}",
            chain(&error)
        )
    })?;
    let pushed = answer.image_details().first().and_then(|image| image.image_pushed_at());
    Ok(format!("{repository}:{tag}{}", pushed.map(|time| format!(", pushed {time}")).unwrap_or_default()))
}

async fn role(account: &Account) -> Result<String> {
    let arn = account.stack.role.as_deref().context("no role is named; give --role or set MATINEE_ROLE")?;
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let answer = aws_sdk_iam::Client::new(&account.config).get_role().role_name(name).send().await;
    let answer =
        answer.map_err(|error| anyhow!("role {name} is not there: {}; deploy the stack", chain(&error)))?;
    let trust = answer.role.and_then(|role| role.assume_role_policy_document).unwrap_or_default();
    if !trust.contains("sagemaker.amazonaws.com") {
        bail!("role {name} cannot be assumed by sagemaker.amazonaws.com; use the stack's TrainingRoleArn");
    }
    Ok(name.to_owned())
}

/// The live model, read as the function reads it.
async fn model(account: &Account) -> Result<String> {
    let Some(pointer) = versions::publisher(account)?.list().await? else {
        return Ok("none is published yet; the demo model answers".to_owned());
    };
    let uri: S3Uri = format!("s3://{}/{}", account.bucket()?, versions::POINTER).parse()?;
    let source = S3Source::new(account.s3.clone(), uri);
    let model = matinee_api::Live::<matinee_model::Model>::new(source).current().await;
    model.map_err(|error| {
        anyhow!(
            "the live model {} cannot be loaded: {error}; `matinee aws rollback` goes back",
            pointer.live.version
        )
    })?;
    Ok(format!("{} is live since {}", pointer.live.version, pointer.live.published_at))
}

/// A prediction by the deployed API.
async fn api(account: &Account) -> Result<String> {
    let url = account.stack.api.as_deref().context("no API is named; give --api or set MATINEE_API")?;
    let url = format!("{}/predict", url.trim_end_matches('/'));
    let asked = url.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = ureq::post(&asked).send(r#"{"userId":"2","movieId":"2959"}"#)?;
        answer.body_mut().read_to_string()
    });
    let answer = answer.await?.with_context(|| format!("{url} does not answer; see `sam logs`"))?;
    let answer: serde_json::Value =
        serde_json::from_str(&answer).with_context(|| format!("{url} answers no JSON"))?;
    Ok(format!("{} by model {}", answer["predicted_rating"], answer["model_version"]))
}
