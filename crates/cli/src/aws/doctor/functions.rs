//! Whether the functions are configured as the stack's parameters say.

use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{Architecture, LastUpdateStatus, State};
use matinee_aws::LIVE_POINTER_KEY;

use super::Deployment;
use super::finding::{Finding, Problem, problem_of};
use crate::aws::stack::DeployedStack;

/// A function of the stack, and the parameters that its settings come from.
pub struct Function {
    pub name: &'static str,
    /// The stack output with its name.
    output: &'static str,
    /// The alias that the API calls; the latest version if there is none.
    qualifier: Option<&'static str>,
    /// The parameter of its memory.
    memory: Option<&'static str>,
    /// Its variables, each with the parameter that has its value.
    variables: &'static [(&'static str, &'static str)],
}

/// All functions that are checked.
pub const ALL: [Function; 3] = [
    Function {
        name: "predict",
        output: "PredictFunctionName",
        qualifier: Some("live"),
        memory: Some("MemorySize"),
        variables: &[
            ("MODEL_REFRESH_SECONDS", "ModelRefreshSeconds"),
            ("CORS_ORIGINS", "CorsOrigins"),
            ("LOG_SAMPLE", "LogSample"),
        ],
    },
    Function {
        name: "start-training",
        output: "StartTrainingFunctionName",
        qualifier: None,
        memory: None,
        variables: &[
            ("TRAINING_INSTANCE_TYPE", "TrainingInstanceType"),
            ("TRAINING_VOLUME_GB", "TrainingVolumeGb"),
            ("TRAINING_MAX_SECONDS", "TrainingMaxSeconds"),
            ("TRAINING_SPOT", "TrainingSpot"),
            ("HYPERPARAMETERS", "Hyperparameters"),
            ("SPARK_ABOVE_MEGABYTES", "SparkAboveMegabytes"),
            ("SPARK_DRIVER_MEMORY_GB", "SparkDriverMemoryGb"),
        ],
    },
    Function {
        name: "publish-model",
        output: "PublishModelFunctionName",
        qualifier: None,
        memory: Some("PublishMemorySize"),
        variables: &[
            ("GATE_MAX_RMSE_RISE", "GateMaxRmseRise"),
            ("GATE_MAX_NDCG_DROP", "GateMaxNdcgDrop"),
            ("GATE_MAX_RATING_LOSS", "GateMaxRatingLoss"),
            ("PREDICT_MEMORY_MB", "MemorySize"),
        ],
    },
];

/// The settings of a deployed function that are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Deployed {
    memory: String,
    architecture: String,
    traces: bool,
    variables: BTreeMap<String, String>,
    code: String,
    version: String,
    /// Why it cannot run or could not be updated.
    failure: Option<String>,
}

/// Compares a function with the parameters.
pub async fn check(deployment: &Deployment<'_>, function: &Function) -> Finding {
    let stack = deployment.deployed_stack()?;
    let name = stack.outputs.get(function.output).ok_or_else(|| {
        Problem::Fault(format!("the stack does not have the output {}; deploy it again", function.output))
    })?;
    let client = Client::new(&deployment.account.config);
    let deployed = configuration(&client, name, function.qualifier).await?;
    let newest = match function.qualifier {
        Some(_) => configuration(&client, name, None).await?,
        None => deployed.clone(),
    };
    judge(function, stack, deployment.account.bucket().unwrap_or_default(), &deployed, &newest)
}

async fn configuration(client: &Client, name: &str, qualifier: Option<&str>) -> Result<Deployed, Problem> {
    let request = client.get_function_configuration().function_name(name);
    let answer = request.set_qualifier(qualifier.map(str::to_owned)).send().await.map_err(|error| {
        problem_of("lambda:GetFunctionConfiguration", &error, &["ResourceNotFoundException"], || {
            let version = qualifier.map(|alias| format!(" with the alias {alias}")).unwrap_or_default();
            format!("there is no function {name}{version}; deploy the stack again")
        })
    })?;
    Ok(Deployed::from(answer))
}

impl From<GetFunctionConfigurationOutput> for Deployed {
    fn from(answer: GetFunctionConfigurationOutput) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let state = text(answer.state().map(State::as_str));
        let update = text(answer.last_update_status().map(LastUpdateStatus::as_str));
        let failure = match (state.as_str(), update.as_str()) {
            ("Failed", _) => Some(text(answer.state_reason())),
            (_, "Failed") => Some(text(answer.last_update_status_reason())),
            _ => None,
        };
        let tracing = answer.tracing_config().and_then(|tracing| tracing.mode());
        Self {
            memory: answer.memory_size().map(|memory| memory.to_string()).unwrap_or_default(),
            architecture: text(answer.architectures().first().map(Architecture::as_str)),
            traces: tracing.is_some_and(|mode| mode.as_str() == "Active"),
            code: text(answer.code_sha256()),
            version: text(answer.version()),
            variables: answer
                .environment
                .and_then(|all| all.variables)
                .unwrap_or_default()
                .into_iter()
                .collect(),
            failure,
        }
    }
}

/// Compares `deployed` with the parameters, and its code with that of the newest version.
fn judge(
    function: &Function,
    stack: &DeployedStack,
    bucket: &str,
    deployed: &Deployed,
    newest: &Deployed,
) -> Finding {
    if let Some(reason) = &deployed.failure {
        return Err(Problem::Fault(format!("Lambda cannot run it: {reason}; deploy the stack again")));
    }
    let expected = expected_settings(function, stack, bucket);
    let mut differences: Vec<String> = expected
        .iter()
        .filter(|(what, value)| deployed.setting(what) != *value)
        .map(|(what, value)| format!("{what} is `{}`, not `{value}`", deployed.setting(what)))
        .collect();
    if deployed.code != newest.code {
        differences.push("its code is not the one that was deployed last".to_owned());
    }
    let version = &deployed.version;
    if differences.is_empty() {
        return Ok(format!("version {version} has all {} settings as the parameters say", expected.len()));
    }
    Err(Problem::Fault(format!(
        "version {version}: {}; deploy the stack again, or wait if a gradual deployment is in progress",
        differences.join(", ")
    )))
}

impl Deployed {
    fn setting(&self, what: &str) -> String {
        match what {
            "memory" => self.memory.clone(),
            "architecture" => self.architecture.clone(),
            "tracing" => self.traces.to_string(),
            variable => self.variables.get(variable).cloned().unwrap_or_default(),
        }
    }
}

/// The settings that a function should have, by the stack's parameters. Parameters that the stack does not have are
/// skipped.
fn expected_settings(
    function: &Function,
    stack: &DeployedStack,
    bucket: &str,
) -> Vec<(&'static str, String)> {
    let variables = function.variables.iter().copied();
    let settings = [("architecture", "Architecture"), ("tracing", "Tracing")].into_iter();
    let settings = settings.chain(function.memory.map(|parameter| ("memory", parameter))).chain(variables);
    let mut expected: Vec<_> = settings
        .filter_map(|(what, parameter)| Some((what, stack.parameters.get(parameter)?.clone())))
        .collect();
    if function.name == "predict" {
        let model = stack.parameters.get("ModelUri").map(|uri| match uri.as_str() {
            "" => format!("s3://{bucket}/{LIVE_POINTER_KEY}"),
            pinned => pinned.to_owned(),
        });
        expected.extend(model.map(|uri| ("MODEL_URI", uri)));
        // The stack has this output if it has an endpoint.
        expected.push(("ENDPOINT_NAME", stack.outputs.get("EndpointName").cloned().unwrap_or_default()));
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn stack(parameters: &[(&str, &str)]) -> DeployedStack {
        let defaults =
            [("MemorySize", "256"), ("Architecture", "x86_64"), ("Tracing", "false"), ("ModelUri", "")];
        let mut all = map(&defaults);
        all.extend(map(&[("CorsOrigins", ""), ("LogSample", "1"), ("ModelRefreshSeconds", "60")]));
        all.extend(map(parameters));
        DeployedStack { parameters: all, ..DeployedStack::default() }
    }

    /// With the defaults of the template.
    fn predict() -> Deployed {
        Deployed {
            memory: "256".to_owned(),
            architecture: "x86_64".to_owned(),
            variables: map(&[
                ("MODEL_URI", "s3://b/models/live.json"),
                ("MODEL_REFRESH_SECONDS", "60"),
                ("LOG_SAMPLE", "1"),
                ("CORS_ORIGINS", ""),
                ("ENDPOINT_NAME", ""),
            ]),
            code: "sum".to_owned(),
            version: "1".to_owned(),
            ..Deployed::default()
        }
    }

    #[test]
    fn every_setting_that_differs_from_its_parameter_is_named() {
        let judged =
            |parameters: &[(&str, &str)]| judge(&ALL[0], &stack(parameters), "b", &predict(), &predict());
        assert_eq!(judged(&[]).unwrap(), "version 1 has all 8 settings as the parameters say");
        for (parameter, value, named) in [
            ("MemorySize", "512", "memory is `256`, not `512`"),
            ("Architecture", "arm64", "architecture is `x86_64`, not `arm64`"),
            ("Tracing", "true", "tracing is `false`, not `true`"),
            (
                "ModelUri",
                "s3://b/models/1/",
                "MODEL_URI is `s3://b/models/live.json`, not `s3://b/models/1/`",
            ),
            ("ModelRefreshSeconds", "5", "MODEL_REFRESH_SECONDS is `60`, not `5`"),
            ("CorsOrigins", "https://example.com", "CORS_ORIGINS is ``, not `https://example.com`"),
            ("LogSample", "0.01", "LOG_SAMPLE is `1`, not `0.01`"),
        ] {
            let Err(Problem::Fault(fault)) = judged(&[(parameter, value)]) else { panic!("{parameter}") };
            assert!(fault.contains(named) && fault.contains("deploy the stack again"), "{fault}");
        }
        let endpoint = DeployedStack { outputs: map(&[("EndpointName", "e")]), ..stack(&[]) };
        let Err(Problem::Fault(fault)) = judge(&ALL[0], &endpoint, "b", &predict(), &predict()) else {
            panic!()
        };
        assert!(fault.contains("ENDPOINT_NAME is ``, not `e`"), "{fault}");
    }

    #[test]
    fn old_code_and_a_function_that_cannot_run_are_faults() {
        let newest = Deployed { code: "another".to_owned(), ..predict() };
        let Err(Problem::Fault(fault)) = judge(&ALL[0], &stack(&[]), "b", &predict(), &newest) else {
            panic!()
        };
        assert!(fault.contains("code"), "{fault}");
        let broken = Deployed { failure: Some("exec format error".to_owned()), ..predict() };
        let Err(Problem::Fault(fault)) = judge(&ALL[0], &stack(&[]), "b", &broken, &broken) else { panic!() };
        assert!(fault.contains("exec format error"), "{fault}");
    }

    /// A setting whose name was changed in the template would not be compared any more.
    #[test]
    fn the_compared_parameters_outputs_and_variables_are_in_the_template() {
        let template =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml")).unwrap();
        let has =
            |name: &str| template.lines().any(|line| line.trim_start().starts_with(&format!("{name}:")));
        for function in &ALL {
            assert!(has(function.output), "{}", function.output);
            for (variable, parameter) in function.variables {
                assert!(has(variable) && has(parameter), "{variable}, {parameter}");
            }
        }
        for name in ["MODEL_URI", "ENDPOINT_NAME", "EndpointName", "Architecture", "Tracing", "MemorySize"] {
            assert!(has(name), "{name}");
        }
    }
}
