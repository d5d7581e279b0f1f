//! Which stack to work on: the options of every subcommand of `matinee aws`.

use clap::Args;
use matinee_variables::Variables;

/// The name of the stack, if none is given.
const STACK: &str = "matinee";

/// The parts of the stack. What neither an option nor a variable names is read from the stack's output `CommandLine`.
#[derive(Args, Clone)]
pub struct StackOptions {
    /// The stack's bucket
    #[arg(long, env = "MATINEE_BUCKET", global = true, value_name = "NAME")]
    pub bucket: Option<String>,
    /// The stack's name
    #[arg(
        long = "stack",
        env = "MATINEE_STACK",
        global = true,
        default_value = STACK,
        value_name = "NAME"
    )]
    pub name: String,
    /// The image that training jobs run
    #[arg(long, env = "MATINEE_IMAGE", global = true, value_name = "URI")]
    pub image: Option<String>,
    /// The role of the training jobs
    #[arg(long, env = "MATINEE_ROLE", global = true, value_name = "ARN")]
    pub role: Option<String>,
    /// The URL of the API
    #[arg(long, env = "MATINEE_API", global = true, value_name = "URL")]
    pub api: Option<String>,
    /// URL to use for every AWS service, for local replacements of AWS; overrides `AWS_ENDPOINT_URL` and
    /// `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_SAGEMAKER`, ...
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

impl StackOptions {
    /// What the variables name, for commands that do not have these options.
    pub fn of_environment() -> Self {
        let get = |name| Variables::of_process().get(name);
        Self {
            bucket: get("MATINEE_BUCKET"),
            name: get("MATINEE_STACK").unwrap_or_else(|| STACK.to_owned()),
            image: get("MATINEE_IMAGE"),
            role: get("MATINEE_ROLE"),
            api: get("MATINEE_API"),
            endpoint_url: None,
        }
    }

    /// Whether every part of the stack is named.
    pub fn is_complete(&self) -> bool {
        [&self.bucket, &self.image, &self.role, &self.api].into_iter().all(Option::is_some)
    }

    /// Sets each part that is not named to the value of its variable, as `lookup` finds it.
    pub fn fill(&mut self, lookup: impl Fn(&str) -> Option<String>) {
        for (part, variable) in [
            (&mut self.bucket, "MATINEE_BUCKET"),
            (&mut self.image, "MATINEE_IMAGE"),
            (&mut self.role, "MATINEE_ROLE"),
            (&mut self.api, "MATINEE_API"),
        ] {
            if part.is_none() {
                *part = lookup(variable);
            }
        }
    }
}
