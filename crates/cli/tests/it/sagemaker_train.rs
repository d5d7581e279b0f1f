//! `matinee sagemaker train`: what a training job reads and writes, under another root than `/opt/ml`.

mod failures;
mod inputs;
mod interruption;
mod job;
mod outcome;
