//! The results of tuning.

use super::{Point, TuningPlan};
use crate::evaluation::Errors;

/// The results of tuning.
pub struct Tuned {
    /// Every point: first those measured on every fold, best first; then the dropped ones, by how many folds they were
    /// measured on.
    pub results: Vec<PointResult>,
}

/// The result for one point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointResult {
    /// The point.
    pub point: Point,
    /// Whether it was measured on every fold.
    pub status: Status,
    /// Its errors on the folds, from the first.
    pub errors: Vec<Errors>,
}

/// How far a point got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It was measured on every fold.
    Complete,
    /// It was dropped, because it could not win any more.
    Dropped,
    /// Training diverged, as it does if the learning rate is too high.
    Diverged,
}

impl Tuned {
    /// The first columns of the CSV.
    pub const CSV_HEAD: &str = "rank,status,folds,mean_rmse,mean_mae";

    /// `folds` is the number of folds that a point can be measured on.
    pub(super) fn new(plan: &TuningPlan, folds: u32, errors: Vec<Vec<Errors>>) -> Self {
        let result = |(point, errors): (&Point, Vec<Errors>)| {
            let status = match errors.len() {
                _ if errors.iter().any(|errors| !errors.rmse.is_finite()) => Status::Diverged,
                measured if measured == folds as usize => Status::Complete,
                _ => Status::Dropped,
            };
            PointResult { point: point.clone(), status, errors }
        };
        let mut results: Vec<PointResult> = plan.points.iter().zip(errors).map(result).collect();
        // The sort is stable: the first of equal points is the best.
        results.sort_by(|a, b| {
            let measured = b.errors.len().cmp(&a.errors.len());
            a.status.cmp(&b.status).then(measured).then(a.rmse().total_cmp(&b.rmse()))
        });
        Self { results }
    }

    /// The point with the lowest mean RMSE. `None` if training diverged at every point.
    pub fn best(&self) -> Option<&PointResult> {
        self.results.first().filter(|result| result.status == Status::Complete)
    }

    /// Every point as CSV: rank, status, hyperparameters, the means over its folds, and the RMSE on each fold.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let names: Vec<&str> =
            self.results.first().into_iter().flat_map(|result| result.point.names()).collect();
        let folds = self.results.iter().map(|result| result.errors.len()).max().unwrap_or_default();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let fixed = Self::CSV_HEAD.split(',').map(str::to_owned);
        let by_fold = (0..folds).map(|fold| format!("rmse_{fold}"));
        writer.write_record(fixed.chain(names.iter().map(|&name| name.to_owned())).chain(by_fold))?;
        for (rank, result) in (1..).zip(&self.results) {
            let means = [result.rmse(), result.mae()].map(decimal);
            let head = [rank.to_string(), result.status.name().to_owned(), result.errors.len().to_string()];
            let values = names.iter().map(|name| result.point.value(name).unwrap_or_default().to_owned());
            let by_fold =
                (0..folds).map(|fold| result.errors.get(fold).map_or(String::new(), |of| decimal(of.rmse)));
            writer.write_record(head.into_iter().chain(means).chain(values).chain(by_fold))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

impl PointResult {
    /// The mean RMSE over its folds.
    pub fn rmse(&self) -> f64 {
        self.mean(|errors| errors.rmse)
    }

    /// The mean MAE over its folds.
    pub fn mae(&self) -> f64 {
        self.mean(|errors| errors.mae)
    }

    fn mean(&self, of: fn(&Errors) -> f64) -> f64 {
        self.errors.iter().map(of).sum::<f64>() / self.errors.len().max(1) as f64
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Dropped => "dropped",
            Self::Diverged => "diverged",
        }
    }
}

fn decimal(number: f64) -> String {
    format!("{number:.6}")
}
