//! moto's server: S3, `DynamoDB`, `SageMaker`'s control plane, IAM, ECR, Lambda and `CloudFormation`, over real HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::stack::python_of;

/// The bucket that exists from the start.
pub const BUCKET: &str = "matinee-test";

/// The identity of every caller: moto does not check signatures.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";

/// A running moto server.
pub struct Moto {
    process: Child,
    address: String,
}

impl Moto {
    /// Starts `tests/moto_service.py` with the Python of the `moto_server` on the PATH, and creates a bucket.
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/moto_service.py");
        let mut process = Command::new(python_of("moto_server"))
            .arg(script)
            .env("MOTO_S3_CUSTOM_ENDPOINTS", "")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with("http://"), "moto does not start: run {script} to see why");
        let moto = Self { process, address: address.trim().to_owned() };
        ureq::put(moto.url("")).header("authorization", SIGNED).send_empty().unwrap();
        moto
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Puts an object, as a user of the console would.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        ureq::put(self.url(key)).header("authorization", SIGNED).send(bytes).unwrap();
    }

    /// An object; `None` if there is none.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let answer = match ureq::get(self.url(key)).header("authorization", SIGNED).call() {
            Err(ureq::Error::StatusCode(404)) => return None,
            answer => answer.unwrap(),
        };
        Some(answer.into_body().with_config().limit(1 << 30).read_to_vec().unwrap())
    }

    /// Whether an object is tagged for removal.
    pub fn is_retired(&self, key: &str) -> bool {
        let url = format!("{}?tagging", self.url(key));
        let answer = ureq::get(url).header("authorization", SIGNED).call().unwrap();
        answer.into_body().read_to_string().unwrap().contains("<Value>retired</Value>")
    }

    /// Removes an object.
    pub fn delete(&self, key: &str) {
        ureq::delete(self.url(key)).header("authorization", SIGNED).call().unwrap();
    }

    /// Keeps earlier versions of all objects from now on, as the bucket of a stack does.
    pub fn keep_versions(&self) {
        let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        ureq::put(self.url("?versioning")).header("authorization", SIGNED).send(enabled).unwrap();
    }

    /// Key and id of every version of the objects with this prefix.
    pub fn versions(&self, prefix: &str) -> Vec<(String, String)> {
        let listing = ureq::get(self.url(&format!("?versions&prefix={prefix}")));
        let answer = listing.header("authorization", SIGNED).call().unwrap();
        let xml = answer.into_body().read_to_string().unwrap();
        let value = |version: &str, name: &str| {
            let (_, rest) = version.split_once(&format!("<{name}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        let versions = xml.split("<Version>").skip(1);
        versions.map(|version| (value(version, "Key"), value(version, "VersionId"))).collect()
    }

    /// Creates a role that training jobs may assume.
    pub fn make_role(&self, arn: &str) {
        let name = arn.rsplit('/').next().unwrap();
        let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let form = [
            ("Action", "CreateRole"),
            ("Version", "2010-05-08"),
            ("RoleName", name),
            ("AssumeRolePolicyDocument", trust),
        ];
        ureq::post(&self.address)
            .header("authorization", SIGNED.replace("/s3/", "/iam/"))
            .send_form(form)
            .unwrap();
    }

    /// Creates a `CloudFormation` stack from a JSON template with these parameters.
    pub fn make_stack(&self, name: &str, template: &Value, parameters: &[(&str, &str)]) {
        let mut form = vec![
            ("Action".to_owned(), "CreateStack".to_owned()),
            ("Version".to_owned(), "2010-05-15".to_owned()),
            ("StackName".to_owned(), name.to_owned()),
            ("TemplateBody".to_owned(), template.to_string()),
        ];
        for (index, (key, value)) in parameters.iter().enumerate() {
            let member = format!("Parameters.member.{}", index + 1);
            form.push((format!("{member}.ParameterKey"), (*key).to_owned()));
            form.push((format!("{member}.ParameterValue"), (*value).to_owned()));
        }
        ureq::post(&self.address)
            .header("authorization", SIGNED.replace("us-east-1/s3", "eu-west-1/cloudformation"))
            .send_form(form)
            .unwrap();
    }

    /// Publishes the first version of a Lambda function under this alias.
    pub fn publish_function(&self, name: &str, alias: &str) {
        let first = json!({"Name": alias, "FunctionVersion": "1"});
        for (what, body) in [("versions", json!({})), ("aliases", first)] {
            ureq::post(format!("{}/2015-03-31/functions/{name}/{what}", self.address))
                .header("authorization", SIGNED.replace("us-east-1/s3", "eu-west-1/lambda"))
                .send(body.to_string())
                .unwrap();
        }
    }

    /// Creates an image in ECR.
    pub fn make_image(&self, repository: &str, tag: &str) {
        let ask = |operation: &str, body: Value| {
            ureq::post(&self.address)
                .header("authorization", SIGNED.replace("us-east-1/s3", "eu-west-1/ecr"))
                .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{operation}"))
                .content_type("application/x-amz-json-1.1")
                .send(body.to_string())
                .unwrap();
        };
        ask("CreateRepository", json!({"repositoryName": repository}));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:00"},
            "layers": [],
        });
        let image =
            json!({"repositoryName": repository, "imageTag": tag, "imageManifest": manifest.to_string()});
        ask("PutImage", image);
    }

    /// Creates a table of ratings as the template does.
    pub fn make_ratings_table(&self, name: &str) {
        let attributes = ["user", "movie"].map(|name| json!({"AttributeName": name, "AttributeType": "S"}));
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": attributes,
            "KeySchema": [key("user", "HASH"), key("movie", "RANGE")],
        });
        ureq::post(&self.address)
            .header("authorization", SIGNED.replace("us-east-1/s3", "eu-west-1/dynamodb"))
            .header("x-amz-target", "DynamoDB_20120810.CreateTable")
            .content_type("application/x-amz-json-1.0")
            .send(table.to_string())
            .unwrap();
    }

    /// Deletes a table.
    pub fn delete_table(&self, name: &str) {
        ureq::post(&self.address)
            .header("authorization", SIGNED.replace("us-east-1/s3", "eu-west-1/dynamodb"))
            .header("x-amz-target", "DynamoDB_20120810.DeleteTable")
            .content_type("application/x-amz-json-1.0")
            .send(json!({"TableName": name}).to_string())
            .unwrap();
    }

    /// Sets the time at which a training job was created, in seconds since 1970.
    pub fn date_job(&self, job: &str, time: i64) {
        let date = json!({"name": job, "time": time});
        ureq::post(format!("{}/matinee/date-job", self.address)).send(date.to_string()).unwrap();
    }

    /// Ends a training job.
    pub fn finish(&self, job: &str, status: &str, reason: Option<&str>) {
        let end = json!({"name": job, "status": status, "reason": reason});
        ureq::post(format!("{}/matinee/finish", self.address)).send(end.to_string()).unwrap();
    }

    /// Creates an application of EMR Serverless for Spark, and returns its id.
    pub fn make_application(&self) -> String {
        let application = json!({"clientToken": "1", "type": "SPARK", "releaseLabel": "emr-7.9.0"});
        let answer = ureq::post(format!("{}/applications", self.address))
            .header("authorization", SIGNED.replace("us-east-1/s3", "eu-west-1/emr-serverless"))
            .content_type("application/json")
            .send(application.to_string())
            .unwrap();
        let answer: Value = serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap();
        answer["applicationId"].as_str().unwrap().to_owned()
    }

    /// Ends a run in EMR Serverless at this time, in seconds since 1970, and returns its id.
    pub fn finish_run(&self, application: &str, name: &str, state: &str, details: &str, time: u64) -> String {
        let end = json!({"application": application, "name": name, "state": state, "details": details, "time": time});
        let answer =
            ureq::post(format!("{}/matinee/finish-run", self.address)).send(end.to_string()).unwrap();
        answer.into_body().read_to_string().unwrap()
    }

    /// What functions were sent: `{"function", "type", "event"}`.
    pub fn invocations(&self) -> Vec<Value> {
        let answer = ureq::get(format!("{}/matinee/invocations", self.address)).call().unwrap();
        serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap()
    }

    /// Sets the date of an object, in seconds since 1970.
    pub fn date(&self, key: &str, time: i64) {
        let date = json!({"bucket": BUCKET, "key": key, "time": time});
        ureq::post(format!("{}/matinee/date", self.address)).send(date.to_string()).unwrap();
    }

    /// The live pointer.
    pub fn live(&self) -> Value {
        self.get("models/live.json").map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap())
    }

    fn url(&self, key: &str) -> String {
        format!("{}/{BUCKET}/{key}", self.address)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
