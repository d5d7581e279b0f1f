//! Any bytes as the files that `SageMaker` provides to a training job: they give a job, or an error that says what is wrong.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use matinee::sagemaker::{Channel, Hosts, Settings, Task};
use matinee_train::training::HOLD_OUTS;
use matinee_train::tuning::MAX_POINTS;
use serde_json::{Value, from_slice};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(hyperparameters) = from_slice::<BTreeMap<String, Value>>(bytes) {
        settings(hyperparameters);
    }
    if let Ok(hosts) = from_slice::<Hosts>(bytes) {
        assert!(hosts.count() > 0);
        let _ = (hosts.other_leader(), hosts.current());
    }
    if let Ok(channels) = from_slice::<BTreeMap<String, Channel>>(bytes) {
        for (name, channel) in channels {
            let _ = channel.check(&name, 2).map_err(|error| error.to_string());
        }
    }
});

fn settings(hyperparameters: BTreeMap<String, Value>) {
    match Settings::parse(hyperparameters) {
        Err(error) => assert!(!format!("{error:#}").is_empty()),
        Ok(settings) => {
            assert!(settings.hold_out.is_none_or(|share| HOLD_OUTS.contains(&share)));
            if let Task::Tune(plan) = settings.task {
                assert!(plan.points.len() <= MAX_POINTS);
                for point in &plan.points {
                    point.configure(plan.algorithm).expect("values that the algorithm takes");
                }
            }
        }
    }
}
