//! Whether the role of the jobs allows what they do.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum};
use matinee_aws::DATA_PREFIX;

use super::Deployment;
use super::finding::{Finding, Problem, problem_of};

/// A question to the policy simulator: whether the role allows these actions on this resource.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    actions: &'static [&'static str],
    resource: String,
    /// A condition key and its value.
    context: Option<(&'static str, String)>,
}

/// Whether `SageMaker` may assume the role, and the role allows what a job does.
pub async fn check(deployment: &Deployment<'_>) -> Finding {
    let Some(arn) = deployment.account.stack.role.as_deref() else {
        return Err(Problem::Fault("the role is unknown; give --role or set MATINEE_ROLE".to_owned()));
    };
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let client = Client::new(&deployment.account.config);
    check_trust(&client, name).await?;
    let prefix = deployment.account.job_name_prefix()?.to_string();
    let region = deployment.account.config.region().map(ToString::to_string).unwrap_or_default();
    let questions = questions(
        arn,
        &region,
        deployment.account.bucket()?,
        &prefix,
        deployment.account.stack.image.as_deref().unwrap_or_default(),
    );
    let mut denied = Vec::new();
    let mut action_count = 0;
    for question in questions {
        action_count += question.actions.len();
        denied.extend(question.denied(&client, arn).await?);
    }
    judge(name, action_count, &denied)
}

/// Whether `SageMaker` may assume the role.
async fn check_trust(client: &Client, name: &str) -> Result<(), Problem> {
    let answer = client.get_role().role_name(name).send().await.map_err(|error| {
        problem_of("iam:GetRole", &error, &["NoSuchEntity"], || {
            format!("there is no role {name}; deploy the stack")
        })
    })?;
    // The document is URL-encoded, but that does not change the name of the service.
    let trust = answer.role.and_then(|role| role.assume_role_policy_document).unwrap_or_default();
    if trust.contains("sagemaker.amazonaws.com") {
        return Ok(());
    }
    Err(Problem::Fault(format!(
        "sagemaker.amazonaws.com cannot assume role {name}; use the one in the stack's output TrainingRoleArn"
    )))
}

/// What a job does. `SageMaker`'s documentation of roles lists it for the API `CreateTrainingJob`.
fn questions(role: &str, region: &str, bucket: &str, prefix: &str, image: &str) -> Vec<Question> {
    // arn:PARTITION:iam::ACCOUNT:role/NAME
    let mut parts = role.split(':');
    let (partition, account) = (parts.nth(1).unwrap_or("aws"), parts.nth(2).unwrap_or_default());
    let objects = format!("arn:{partition}:s3:::{bucket}");
    let repository =
        image.split_once('/').map_or("", |(_, name)| name.split([':', '@']).next().unwrap_or(name));
    let plain = |actions, resource| Question { actions, resource, context: None };
    vec![
        plain(&["s3:GetObject"], format!("{objects}/{DATA_PREFIX}ratings.csv")),
        plain(&["s3:PutObject"], format!("{objects}/models/{prefix}-job/output/model/manifest.json")),
        plain(
            &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            format!("{objects}/checkpoints/{prefix}-job/run"),
        ),
        Question {
            actions: &["s3:ListBucket"],
            resource: objects,
            context: Some(("s3:prefix", DATA_PREFIX.to_owned())),
        },
        plain(
            &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}"),
        ),
        plain(&["ecr:GetAuthorizationToken"], "*".to_owned()),
        plain(
            &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            format!(
                "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/TrainingJobs:log-stream:job"
            ),
        ),
        Question {
            actions: &["cloudwatch:PutMetricData"],
            resource: "*".to_owned(),
            context: Some(("cloudwatch:namespace", "/aws/sagemaker/TrainingJobs".to_owned())),
        },
    ]
}

impl Question {
    /// The actions that are not allowed.
    async fn denied(&self, client: &Client, role: &str) -> Result<Vec<String>, Problem> {
        let context = self.context.as_ref().map(|(key, value)| {
            ContextEntry::builder()
                .context_key_name(*key)
                .context_key_type(ContextKeyTypeEnum::String)
                .context_key_values(value)
                .build()
        });
        let request = client
            .simulate_principal_policy()
            .policy_source_arn(role)
            .set_action_names(Some(self.actions.iter().map(|action| (*action).to_owned()).collect()))
            .resource_arns(&self.resource)
            .set_context_entries(context.map(|entry| vec![entry]));
        let answer = request.send().await.map_err(|error| {
            let action =
                "the role exists and trusts SageMaker, but what it allows is unknown: iam:SimulatePrincipalPolicy";
            problem_of(action, &error, &[], String::new)
        })?;
        let results = answer.evaluation_results.unwrap_or_default().into_iter();
        let denied = results.filter(|result| result.eval_decision.as_str() != "allowed");
        Ok(denied.map(|result| format!("{} on {}", result.eval_action_name, self.resource)).collect())
    }
}

fn judge(name: &str, action_count: usize, denied: &[String]) -> Finding {
    if denied.is_empty() {
        return Ok(format!("{name} allows all {action_count} actions of a job"));
    }
    Err(Problem::Fault(format!("role {name} does not allow {}; deploy the stack again", denied.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const ROLE: &str = "arn:aws-cn:iam::123456789012:role/matinee-TrainingRole";

    #[test]
    fn the_questions_are_about_the_resources_of_this_stack() {
        let image = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/matinee:1";
        let resources: Vec<String> = questions(ROLE, "cn-north-1", "b", "matinee-1", image)
            .into_iter()
            .map(|question| question.resource)
            .collect();
        for expected in [
            "arn:aws-cn:s3:::b/data/ratings.csv",
            "arn:aws-cn:s3:::b/models/matinee-1-job/output/model/manifest.json",
            "arn:aws-cn:s3:::b",
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/matinee",
            "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/sagemaker/TrainingJobs:log-stream:job",
        ] {
            assert!(resources.iter().any(|resource| resource == expected), "{expected}: {resources:?}");
        }
    }

    #[test]
    fn the_questions_are_about_exactly_the_actions_that_the_template_allows() {
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
        let template = std::fs::read_to_string(template).unwrap();
        let role = template.split("\n  TrainingRole:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        let actions = regex_lite::Regex::new("(s3|ecr|logs|cloudwatch):[A-Z][A-Za-z]+").unwrap();
        let allowed: BTreeSet<&str> = actions.find_iter(role).map(|action| action.as_str()).collect();
        let questions = questions(ROLE, "r", "b", "p", "");
        let asked = questions.iter().flat_map(|question| question.actions).copied().collect();
        assert_eq!(allowed, asked);
    }

    #[test]
    fn a_denied_action_is_a_fault() {
        assert!(judge("r", 3, &[]).unwrap().contains("all 3 actions"));
        let Err(Problem::Fault(fault)) = judge("r", 3, &["s3:GetObject on x".to_owned()]) else {
            panic!("no fault")
        };
        assert!(fault.contains("s3:GetObject on x"), "{fault}");
    }
}
