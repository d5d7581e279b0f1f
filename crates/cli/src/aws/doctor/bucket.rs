//! The bucket, whether `EventBridge` hears of it, and what it holds.

use matinee_aws::{DataError, chain, list_data};

use super::Examined;
use super::finding::{Finding, Problem, unanswered};
use crate::aws::account::Account;

/// Whether the bucket is there and may be read.
pub async fn readable(account: &Account) -> Finding {
    let bucket = account.bucket()?;
    let answer = account.s3.head_bucket().bucket(bucket).send().await;
    answer.map_err(|error| {
        let problem = chain(&error);
        Problem::Fault(format!(
            "s3://{bucket} cannot be read: {problem}; deploy the stack, and check region and credentials"
        ))
    })?;
    Ok(format!("s3://{bucket}"))
}

/// Whether `EventBridge` hears of uploads, if they are to start training.
pub async fn events(examined: &Examined<'_>) -> Finding {
    let wanted = examined.parameter("TrainOnUpload");
    if wanted == Some("false") {
        return Ok("uploads start no training, as TrainOnUpload=false asks".to_owned());
    }
    let bucket = examined.account.bucket()?;
    let request = examined.account.s3.get_bucket_notification_configuration().bucket(bucket);
    let answer = request.send().await.map_err(|error| {
        unanswered("s3:GetBucketNotification", &error, &["NoSuchBucket"], || {
            format!("there is no bucket {bucket}; deploy the stack")
        })
    })?;
    judge_events(bucket, answer.event_bridge_configuration.is_some(), wanted.is_some())
}

fn judge_events(bucket: &str, are_told: bool, are_wanted: bool) -> Finding {
    match (are_told, are_wanted) {
        (true, _) => Ok(format!("EventBridge hears of uploads to s3://{bucket}")),
        (false, true) => Err(Problem::Fault(format!(
            "EventBridge does not hear of uploads to s3://{bucket}, so they start no training; turn it on with \
             `aws s3api put-bucket-notification-configuration --bucket {bucket} \
             --notification-configuration '{{\"EventBridgeConfiguration\":{{}}}}'`"
        ))),
        (false, false) => {
            let why = "uploads are not told; whether they should be is unknown without the stack";
            Err(Problem::NotChecked(why.to_owned()))
        }
    }
}

/// Whether there is something to learn from.
pub async fn data(account: &Account) -> Finding {
    let data = list_data(&account.s3, account.bucket()?).await.map_err(|error| match &error {
        DataError::NoRatings { .. } | DataError::BothThere(_) => Problem::Fault(error.to_string()),
        DataError::Unreadable { .. } => Problem::NotChecked(error.to_string()),
    })?;
    let bytes: u64 = data.iter().map(|object| object.length).sum();
    Ok(format!("{} files, {bytes} bytes", data.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_that_nobody_hears_of_are_a_fault_if_they_are_to_train() {
        assert!(judge_events("b", true, true).is_ok() && judge_events("b", true, false).is_ok());
        let Err(Problem::Fault(fault)) = judge_events("b", false, true) else { panic!("no fault") };
        assert!(
            fault.contains(r#"--bucket b --notification-configuration '{"EventBridgeConfiguration":{}}'"#),
            "{fault}"
        );
        assert!(matches!(judge_events("b", false, false), Err(Problem::NotChecked(_))));
    }
}
