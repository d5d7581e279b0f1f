//! The bucket: whether it can be read, whether it sends events to `EventBridge`, and whether it has data.

use matinee_aws::{DataError, error_chain, list_data};

use super::Deployment;
use super::finding::{Finding, Problem, problem_of};
use crate::aws::account::Account;

/// Whether the bucket exists and may be read.
pub async fn readable(account: &Account) -> Finding {
    let bucket = account.bucket()?;
    let answer = account.s3.head_bucket().bucket(bucket).send().await;
    answer.map_err(|error| {
        let problem = error_chain(&error);
        Problem::Fault(format!(
            "s3://{bucket} cannot be read: {problem}; deploy the stack, and check region and credentials"
        ))
    })?;
    Ok(format!("s3://{bucket}"))
}

/// Whether the bucket sends events about uploads to `EventBridge`, if uploads are to start training.
pub async fn events(deployment: &Deployment<'_>) -> Finding {
    let wanted = deployment.parameter("TrainOnUpload");
    if wanted == Some("false") {
        return Ok("uploads do not start training, because TrainOnUpload=false".to_owned());
    }
    let bucket = deployment.account.bucket()?;
    let request = deployment.account.s3.get_bucket_notification_configuration().bucket(bucket);
    let answer = request.send().await.map_err(|error| {
        problem_of("s3:GetBucketNotification", &error, &["NoSuchBucket"], || {
            format!("there is no bucket {bucket}; deploy the stack")
        })
    })?;
    judge_events(bucket, answer.event_bridge_configuration.is_some(), wanted.is_some())
}

fn judge_events(bucket: &str, are_sent: bool, are_wanted: bool) -> Finding {
    match (are_sent, are_wanted) {
        (true, _) => Ok(format!("s3://{bucket} sends events about uploads to EventBridge")),
        (false, true) => Err(Problem::Fault(format!(
            "s3://{bucket} does not send events to EventBridge, so uploads do not start training; turn them on with \
             `aws s3api put-bucket-notification-configuration --bucket {bucket} \
             --notification-configuration '{{\"EventBridgeConfiguration\":{{}}}}'`"
        ))),
        (false, false) => {
            let why = "the bucket does not send events; the stack's parameters, which say whether it should, are unknown";
            Err(Problem::NotChecked(why.to_owned()))
        }
    }
}

/// Whether there is data to train on.
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
    fn missing_events_are_a_fault_if_uploads_are_to_start_training() {
        assert!(judge_events("b", true, true).is_ok() && judge_events("b", true, false).is_ok());
        let Err(Problem::Fault(fault)) = judge_events("b", false, true) else { panic!("no fault") };
        assert!(
            fault.contains(r#"--bucket b --notification-configuration '{"EventBridgeConfiguration":{}}'"#),
            "{fault}"
        );
        assert!(matches!(judge_events("b", false, false), Err(Problem::NotChecked(_))));
    }
}
