//! How much memory a function has for models.

use matinee_model::artifact::{MODEL_FILE, MOVIES_FILE, Manifest};
use matinee_serving::{LoadError, LoadReason};

/// What requests need in addition to the model.
const RESERVE: u64 = 16 << 20;

/// The memory of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    limit: Option<u64>,
}

impl Memory {
    /// Memory of `limit` MB, the value of `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; unlimited without it.
    pub fn of_megabytes(limit: Option<u32>) -> Self {
        Self { limit: limit.map(|megabytes| u64::from(megabytes) << 20) }
    }

    /// Refuses `what` if it does not fit into the memory that is left.
    pub fn check(&self, what: &str, needed: u64) -> Result<(), LoadError> {
        let left = self.left();
        if needed <= left {
            return Ok(());
        }
        let detail = format!(
            "{what} needs {} MB, but only {} MB of the function's {} MB are left; give the function more memory",
            megabytes(needed),
            megabytes(left),
            megabytes(self.limit.unwrap_or_default()),
        );
        Err(LoadError { reason: LoadReason::InsufficientMemory, detail })
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(resident_bytes() + RESERVE))
    }

    /// The memory in MB that a function needs to load this model while it serves another of the same size.
    pub fn needed_for_two(manifest: &Manifest) -> u64 {
        megabytes(2 * needed_bytes(manifest) + RESERVE + PROCESS)
    }
}

/// What the process uses before it loads a model.
const PROCESS: u64 = 16 << 20;

/// The memory of a model: the tensors, which are used as they were read, and the catalogue twice, as it was read and as
/// columns.
pub fn needed_bytes(manifest: &Manifest) -> u64 {
    let length = |file| manifest.digest(file).map_or(0, |digest| digest.length);
    length(MODEL_FILE).saturating_add(length(MOVIES_FILE).saturating_mul(2))
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// The memory that this process uses; 0 if the system does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kilobytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or_default() << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_does_not_fit_is_refused_with_the_remedy() {
        let memory = Memory::of_megabytes(Some(1024));
        memory.check("the model", 100 << 20).unwrap();
        let error = memory.check("the model", 1010 << 20).unwrap_err();
        assert_eq!(error.reason, LoadReason::InsufficientMemory);
        assert!(error.detail.starts_with("the model needs 1010 MB, but only "), "{error}");
        assert!(error.detail.ends_with("of the function's 1024 MB are left; give the function more memory"));
        Memory::of_megabytes(None).check("the model", 1 << 60).unwrap();
    }
}
