//! Whether the account may run the instances that jobs need. A new account may have a quota of 0.

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::types::ServiceQuota;

use super::Deployment;
use super::finding::{Finding, Problem, problem_of};

const SERVICE: &str = "sagemaker";

/// A quota of the account.
#[derive(Debug, Clone, PartialEq)]
struct Quota {
    code: String,
    value: f64,
}

/// Whether the quota of the instance type is at least one.
pub async fn check(deployment: &Deployment<'_>) -> Finding {
    let client = Client::new(&deployment.account.config);
    let mut names = vec![training_quota(&deployment.training_instance(), deployment.trains_on_spot())];
    if deployment.parameter("CreateEndpoint") == Some("true") {
        names.extend(
            deployment
                .parameter("EndpointInstanceType")
                .map(|instance| format!("{instance} for endpoint usage")),
        );
    }
    let mut found = Vec::new();
    for name in names {
        let quota = match applied_quota(&client, &name).await? {
            Some(quota) => Some(quota),
            // The account's list only has quotas that were changed.
            None => default_quota(&client, &name).await?,
        };
        found.push(judge(&name, quota)?);
    }
    Ok(found.join("; "))
}

/// The name of the quota in Service Quotas and in `ResourceLimitExceeded`.
fn training_quota(instance: &str, is_spot: bool) -> String {
    format!("{instance} for {}training job usage", if is_spot { "spot " } else { "" })
}

/// The quota that applies to this account.
async fn applied_quota(client: &Client, name: &str) -> Result<Option<Quota>, Problem> {
    let mut quotas = client.list_service_quotas().service_code(SERVICE).into_paginator().items().send();
    while let Some(quota) = quotas.next().await {
        let quota =
            quota.map_err(|error| problem_of("servicequotas:ListServiceQuotas", &error, &[], String::new))?;
        if quota.quota_name() == Some(name) {
            return Ok(Some(quota.into()));
        }
    }
    Ok(None)
}

/// The quota that an account has by default.
async fn default_quota(client: &Client, name: &str) -> Result<Option<Quota>, Problem> {
    let request = client.list_aws_default_service_quotas().service_code(SERVICE);
    let mut quotas = request.into_paginator().items().send();
    while let Some(quota) = quotas.next().await {
        let action = "servicequotas:ListAWSDefaultServiceQuotas";
        let quota = quota.map_err(|error| problem_of(action, &error, &[], String::new))?;
        if quota.quota_name() == Some(name) {
            return Ok(Some(quota.into()));
        }
    }
    Ok(None)
}

impl From<ServiceQuota> for Quota {
    fn from(quota: ServiceQuota) -> Self {
        Self { code: quota.quota_code.unwrap_or_default(), value: quota.value.unwrap_or_default() }
    }
}

fn judge(name: &str, quota: Option<Quota>) -> Finding {
    match quota {
        None => {
            Err(Problem::NotChecked(format!("Service Quotas has no quota `{name}`; check the instance type")))
        }
        Some(Quota { value, .. }) if value >= 1.0 => Ok(format!("{name}: {value}")),
        Some(Quota { code, value }) => Err(Problem::Fault(format!(
            "{name}: {value}; request one with `aws service-quotas request-service-quota-increase \
             --service-code {SERVICE} --quota-code {code} --desired-value 1`, or choose another TrainingInstanceType"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_of_0_is_a_fault_with_the_request_for_more() {
        let name = training_quota("ml.m5.large", true);
        assert_eq!(name, "ml.m5.large for spot training job usage");
        assert_eq!(training_quota("ml.m5.large", false), "ml.m5.large for training job usage");
        let quota = |value| Some(Quota { code: "L-1234".to_owned(), value });
        assert_eq!(judge(&name, quota(4.0)), Ok("ml.m5.large for spot training job usage: 4".to_owned()));
        let Err(Problem::Fault(fault)) = judge(&name, quota(0.0)) else { panic!("no fault") };
        assert!(fault.contains("--quota-code L-1234 --desired-value 1"), "{fault}");
        assert!(matches!(judge(&name, None), Err(Problem::NotChecked(_))));
    }
}
