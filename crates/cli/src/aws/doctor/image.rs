//! The image of the jobs: whether it exists, and whether it is for the processor of its instances.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::ImageIdentifier;
use serde::Deserialize;

use super::Deployment;
use super::finding::{Finding, Problem, problem_of};

/// The manifests that a registry may return.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
];

/// The part of a manifest that is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    config: Option<Descriptor>,
    /// The manifests of an index of several images.
    manifests: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
}

/// The part of an image's configuration that is needed.
#[derive(Debug, Deserialize)]
struct Configuration {
    architecture: String,
}

/// Whether the image exists, and whether it is for the right processor.
pub async fn check(deployment: &Deployment<'_>) -> (Finding, Finding) {
    let no_image = || Err(Problem::NotChecked("there is no image to check".to_owned()));
    let (repository, tag) = match repository_and_tag(deployment.account.stack.image.as_deref()) {
        Ok(parts) => parts,
        Err(problem) => return (Err(problem), no_image()),
    };
    let client = Client::new(&deployment.account.config);
    match manifest(&client, repository, tag).await {
        Ok(manifest) => {
            let name = format!("{repository}:{tag}");
            let processor = processor(deployment, &client, repository, &manifest).await;
            (single(&name, &manifest).map(|()| name), processor)
        }
        Err(problem) => (Err(problem), no_image()),
    }
}

/// The repository and the tag of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`.
fn repository_and_tag(image: Option<&str>) -> Result<(&str, &str), Problem> {
    let image = image.ok_or_else(|| {
        Problem::Fault("the image is unknown; give --image or set MATINEE_IMAGE".to_owned())
    })?;
    let parts = image.split_once('/').and_then(|(_, name)| name.rsplit_once(':'));
    parts.ok_or_else(|| {
        Problem::Fault(format!("`{image}` is not ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG"))
    })
}

async fn manifest(client: &Client, repository: &str, tag: &str) -> Result<Manifest, Problem> {
    let missing = || {
        format!(
            "there is no image {repository}:{tag}; push it with container/build_and_push.sh {repository}:{tag}"
        )
    };
    let request = client.batch_get_image().repository_name(repository);
    let request = request.image_ids(ImageIdentifier::builder().image_tag(tag).build());
    let answer = request.set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec())).send().await;
    let answer = answer.map_err(|error| {
        problem_of("ecr:BatchGetImage", &error, &["RepositoryNotFoundException"], missing)
    })?;
    let image = answer.images.unwrap_or_default().pop().and_then(|image| image.image_manifest);
    let manifest = image.ok_or_else(|| Problem::Fault(missing()))?;
    serde_json::from_str(&manifest).map_err(|error| {
        Problem::NotChecked(format!("the manifest of {repository}:{tag} cannot be read: {error}"))
    })
}

/// Refuses an index of images, which `SageMaker` does not accept. `docker buildx` makes one of an image and its
/// attestations.
fn single(name: &str, manifest: &Manifest) -> Result<(), Problem> {
    match manifest.manifests {
        None => Ok(()),
        Some(_) => Err(Problem::Fault(format!(
            "{name} is an index of images, which SageMaker does not accept; push an image with container/build_and_push.sh {name}"
        ))),
    }
}

async fn processor(
    deployment: &Deployment<'_>,
    client: &Client,
    repository: &str,
    manifest: &Manifest,
) -> Finding {
    let Some(config) = &manifest.config else {
        return Err(Problem::NotChecked("the manifest does not name a configuration".to_owned()));
    };
    let request =
        client.get_download_url_for_layer().repository_name(repository).layer_digest(&config.digest);
    let answer = request
        .send()
        .await
        .map_err(|error| problem_of("ecr:GetDownloadUrlForLayer", &error, &[], String::new))?;
    let url = answer.download_url.unwrap_or_default();
    let read = tokio::task::spawn_blocking(move || ureq::get(&url).call()?.body_mut().read_to_string());
    let unreadable =
        |why: String| Problem::NotChecked(format!("the image's configuration cannot be read: {why}"));
    let json = read.await.map_err(|error| unreadable(error.to_string()))?;
    let json = json.map_err(|error| unreadable(error.to_string()))?;
    let configuration: Configuration =
        serde_json::from_str(&json).map_err(|error| unreadable(error.to_string()))?;
    judge(&configuration.architecture, &instances(deployment))
}

/// The instance types that the image runs on.
fn instances(deployment: &Deployment<'_>) -> Vec<String> {
    let mut instances = vec![deployment.training_instance()];
    if deployment.parameter("CreateEndpoint") == Some("true") {
        instances.extend(deployment.parameter("EndpointInstanceType").map(str::to_owned));
    }
    instances
}

fn judge(architecture: &str, instances: &[String]) -> Finding {
    let wrong = instances.iter().find(|instance| processor_of(instance) != architecture);
    match wrong {
        None => Ok(format!("the image is for {architecture}, which {} needs", instances.join(" and "))),
        Some(instance) => Err(Problem::Fault(format!(
            "the image is for {architecture}, but {instance} needs {}; push another image with container/build_and_push.sh, \
             or choose another instance type",
            processor_of(instance)
        ))),
    }
}

/// The processor of an instance type, by its name in images. A `g` after the generation, as in `m6g` and `c7gd`, means
/// Graviton (docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html).
fn processor_of(instance: &str) -> &'static str {
    let family = instance.split('.').nth(1).unwrap_or_default();
    let attributes = family.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    if attributes.contains('g') { "arm64" } else { "amd64" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_must_be_for_the_processor_of_its_instances() {
        for (instance, processor) in [
            ("ml.m5.large", "amd64"),
            ("ml.g4dn.xlarge", "amd64"),
            ("ml.g6e.xlarge", "amd64"),
            ("ml.t2.medium", "amd64"),
            ("ml.m6g.large", "arm64"),
            ("ml.c7gd.xlarge", "arm64"),
            ("ml.p6e-gb200.36xlarge", "arm64"),
        ] {
            assert_eq!(processor_of(instance), processor, "{instance}");
        }
        let fits = ["ml.m5.large".to_owned(), "ml.t2.medium".to_owned()];
        assert!(judge("amd64", &fits).unwrap().contains("ml.m5.large and ml.t2.medium"));
        let Err(Problem::Fault(fault)) =
            judge("amd64", &["ml.m5.large".to_owned(), "ml.m6g.large".to_owned()])
        else {
            panic!("no fault")
        };
        assert!(fault.contains("ml.m6g.large needs arm64"), "{fault}");
        assert!(judge("arm64", &fits).is_err());
    }

    #[test]
    fn a_nested_repository_is_read_whole() {
        let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/matinee:1";
        assert_eq!(repository_and_tag(Some(image)), Ok(("team/matinee", "1")));
        assert!(repository_and_tag(Some("matinee")).is_err() && repository_and_tag(None).is_err());
    }

    #[test]
    fn an_index_is_not_an_image() {
        let image =
            r#"{"schemaVersion":2,"config":{"mediaType":"m","size":1,"digest":"sha256:00"},"layers":[]}"#;
        let index =
            r#"{"schemaVersion":2,"manifests":[{"digest":"sha256:00","platform":{"architecture":"amd64"}}]}"#;
        let read = |json| serde_json::from_str::<Manifest>(json).unwrap();
        assert_eq!(single("matinee:1", &read(image)), Ok(()));
        let Err(Problem::Fault(fault)) = single("matinee:1", &read(index)) else { panic!("no fault") };
        assert!(fault.contains("build_and_push.sh matinee:1"), "{fault}");
    }
}
