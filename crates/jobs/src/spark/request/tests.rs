use proptest::prelude::*;

use super::super::program::ProgramFile;
use super::*;
use crate::settings::tests::settings;

const SPARK: [(&str, &str); 3] = [
    ("SPARK_APPLICATION_ID", "00f1cbsc6anuij25"),
    ("SPARK_ROLE_ARN", "arn:aws:iam::123456789012:role/spark"),
    ("SPARK_ABOVE_MEGABYTES", "5"),
];

fn with_spark(more: &[(&str, &str)]) -> JobSettings {
    settings(&[&SPARK, more].concat()).unwrap()
}

fn program() -> Program {
    let file =
        |name: &str| ProgramFile { uri: format!("s3://bucket/spark/1/{name}"), etag: format!("of {name}") };
    Program { script: file("train.py"), binary: file("matinee") }
}

fn object(key: &str, length: u64) -> DataObject {
    DataObject { key: key.to_owned(), length, modified: 0, etag: String::new() }
}

fn data() -> Vec<DataObject> {
    ["data/movies.csv", "data/ratings.csv", "data/links.csv", "data/README.txt"]
        .map(|key| object(key, 1))
        .to_vec()
}

fn request(hyperparameters: &[(&str, &str)]) -> JobRequest {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    JobRequest { hyperparameters: hyperparameters.iter().map(pair).collect(), ..JobRequest::default() }
}

fn asked<'a>(
    settings: &'a JobSettings,
    request: &JobRequest,
    data: &[DataObject],
) -> Result<SparkRequest<'a>, SparkError> {
    SparkRequest::new(settings, settings.spark.as_ref().unwrap(), request, program(), data)
}

#[test]
fn the_size_of_the_ratings_decides_unless_the_request_does() {
    let settings = with_spark(&[]);
    let runs_on_spark = |request: &JobRequest, length: u64| {
        let data = [object("data/ratings.csv", length), object("data/movies.csv", 1 << 40)];
        place(&settings, request, &data).map(|spark| spark.is_some())
    };
    let plain = JobRequest::default();
    assert_eq!(runs_on_spark(&plain, 5_000_000), Ok(false), "the catalogue does not count");
    assert_eq!(runs_on_spark(&plain, 5_000_001), Ok(true));
    assert_eq!(runs_on_spark(&JobRequest { spark: Some(true), ..plain.clone() }, 1), Ok(true));
    let large = 1 << 40;
    assert_eq!(runs_on_spark(&JobRequest { spark: Some(false), ..plain.clone() }, large), Ok(false));
    for for_sagemaker in [
        JobRequest { spot: Some(true), ..plain.clone() },
        JobRequest { instance_type: Some("ml.m5.4xlarge".to_owned()), ..plain.clone() },
    ] {
        assert_eq!(runs_on_spark(&for_sagemaker, large), Ok(false), "{for_sagemaker:?}");
        let both = runs_on_spark(&JobRequest { spark: Some(true), ..for_sagemaker }, large);
        assert!(matches!(both, Err(SparkError::Field { .. })), "{both:?}");
    }
}

#[test]
fn without_an_application_nothing_runs_on_spark() {
    let settings = settings(&[]).unwrap();
    let data = [object("data/ratings.csv", 1 << 40)];
    assert_eq!(place(&settings, &JobRequest::default(), &data), Ok(None));
    let asked = JobRequest { spark: Some(true), ..JobRequest::default() };
    assert_eq!(place(&settings, &asked, &data), Err(SparkError::NoApplication));
}

#[test]
fn the_request_has_everything_that_the_script_needs() {
    let hyperparameters =
        r#"{"hold_out":"0.2","seed":"7","algorithm":"\"vb\"","n_factors":"16","tune":"none"}"#;
    let settings = with_spark(&[("HYPERPARAMETERS", hyperparameters), ("TRAINING_MAX_SECONDS", "3601")]);
    let asked =
        asked(&settings, &request(&[("scale", "1..5"), ("titles_from_ids", "true")]), &data()).unwrap();
    let name = asked.name(&DataDigest::of(&data()), "");
    let input = asked.input(&name).unwrap();
    let token = (input.client_token(), input.name(), input.application_id());
    assert_eq!(token, (Some(name.as_str()), Some(name.as_str()), Some(SPARK[0].1)));
    assert_eq!((input.execution_role_arn(), input.execution_timeout_minutes()), (Some(SPARK[1].1), Some(61)));
    let Some(JobDriver::SparkSubmit(submit)) = input.job_driver() else { panic!("{input:?}") };
    assert_eq!(submit.entry_point(), "s3://bucket/spark/1/train.py");
    let arguments = format!(
        "--matinee s3://bucket/spark/1/matinee --ratings s3://bucket/data/ratings.csv --movies s3://bucket/data/movies.csv \
         --links s3://bucket/data/links.csv --hold-out 0.2 -p n_factors=16 --scale 1..5 --seed 7 --titles-from-ids \
         --training-job {name} --output s3://bucket/models/{name}/output/model",
        name = name.as_str()
    );
    assert_eq!(submit.entry_point_arguments().join(" "), arguments);
    for part in ["spark.driver.cores=4", "spark.driver.memory=6g", "spark.driver.memoryOverhead=24g"] {
        assert!(submit.spark_submit_parameters().unwrap().contains(part), "{part}");
    }
}

#[test]
fn the_driver_has_a_size_that_the_service_offers() {
    for (memory, cores, rest) in [(30, 4, 24), (60, 8, 54), (120, 16, 114)] {
        let parameters = submit_parameters(memory);
        assert!(parameters.contains(&format!("spark.driver.cores={cores} ")), "{parameters}");
        assert!(parameters.contains(&format!("spark.driver.memoryOverhead={rest}g ")), "{parameters}");
    }
}

#[test]
fn the_name_depends_on_what_the_result_depends_on() {
    let settings = with_spark(&[]);
    let digest = DataDigest::of(&data());
    let name =
        |request: &JobRequest, salt: &str| asked(&settings, request, &data()).unwrap().name(&digest, salt);
    let plain = name(&request(&[]), "");
    assert_eq!(
        plain,
        name(&request(&[("tune", "none"), ("checkpoint_interval", "60")]), ""),
        "they change nothing"
    );
    assert_eq!(plain, name(&JobRequest { max_seconds: Some(60), ..request(&[]) }, ""));
    for other in [name(&request(&[("seed", "2")]), ""), name(&request(&[]), "again")] {
        assert_ne!(plain, other);
    }
    let mut newer = program();
    newer.binary.etag = "another".to_owned();
    let newer = SparkRequest::new(&settings, settings.spark.as_ref().unwrap(), &request(&[]), newer, &data())
        .unwrap();
    assert_ne!(plain, newer.name(&digest, ""));
    assert_ne!(plain, request(&[]).name(&settings, &digest, ""), "in SageMaker");
}

#[test]
fn what_is_not_done_on_spark_is_refused_by_name() {
    let settings = with_spark(&[]);
    for (name, value) in [
        ("algorithm", "svd"),
        ("tune", "grid"),
        ("tune_points", "5"),
        ("tune_folds", "5"),
        ("tune_margin", "1"),
        ("titles_from_ids", "maybe"),
    ] {
        let refusal = asked(&settings, &request(&[(name, value)]), &data()).unwrap_err().to_string();
        assert!(refusal.starts_with(&format!("the hyperparameter `{name}` is `{value}`")), "{refusal}");
    }
}

#[test]
fn files_that_spark_reads_otherwise_are_refused_by_name() {
    let settings = with_spark(&[]);
    for (files, named) in [
        (
            vec!["data/ratings.dat", "data/movies.dat"],
            "data/ratings.dat cannot be read on Spark: it is not CSV",
        ),
        (vec!["data/u.data"], "data/u.data cannot"),
        (vec!["data/ratings/a[1].csv", "data/movies.csv"], "data/ratings/a[1].csv cannot"),
        (
            vec!["data/ratings.csv", "data/movies.csv/1.csv", "data/movies.csv/2.csv"],
            "data/movies.csv/2.csv cannot",
        ),
    ] {
        let objects: Vec<DataObject> = files.iter().map(|key| object(key, 1)).collect();
        let refusal = asked(&settings, &request(&[]), &objects).unwrap_err().to_string();
        assert!(refusal.starts_with(named), "{refusal}");
    }
    let many: Vec<DataObject> =
        (0..=MAX_FILES).map(|part| object(&format!("data/ratings/{part}.csv"), 1)).collect();
    let refusal = asked(&settings, &request(&[]), &many).unwrap_err();
    assert_eq!(refusal, SparkError::TooManyFiles { count: MAX_FILES + 1, most: MAX_FILES });
    assert!(asked(&settings, &request(&[]), &many[1..]).is_ok());
}

proptest! {
    #[test]
    fn any_hyperparameter_becomes_an_option_or_is_refused_by_name(
        name in prop_oneof![
            prop::sample::select(vec!["algorithm", "seed", "scale", "tune", "hold_out", "titles_from_ids"]).prop_map(str::to_owned),
            "[a-z_]{1,12}",
        ],
        value in prop_oneof![".{0,12}", "vb|true|none|0.1"],
    ) {
        match options([(name.clone(), value.clone())].into()) {
            Ok(options) => prop_assert!(options.len() <= 2 && options.iter().all(|option| !option.is_empty())),
            Err(error) => prop_assert!(error.to_string().contains(&format!("`{name}`")), "{}", error),
        }
    }
}
