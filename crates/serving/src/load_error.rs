//! Why a model could not be loaded.

use std::fmt;
use std::io::ErrorKind;

use matinee_model::artifact::ArtifactError;

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The kind of failure, which callers may see.
    pub reason: LoadReason,
    /// What happened. It is only logged.
    pub detail: String,
}

/// The kinds of failure to load a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadReason {
    /// There is no model at the configured place.
    NotFound,
    /// This process has no permission to read it.
    AccessDenied,
    /// The place cannot be reached.
    Unreachable,
    /// What is there is not a valid model.
    Invalid,
    /// The model does not fit into memory.
    InsufficientMemory,
}

impl LoadReason {
    /// The stable code of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AccessDenied => "access_denied",
            Self::Unreachable => "unreachable",
            Self::Invalid => "invalid",
            Self::InsufficientMemory => "insufficient_memory",
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.code(), self.detail)
    }
}

impl std::error::Error for LoadError {}

impl From<ArtifactError> for LoadError {
    fn from(error: ArtifactError) -> Self {
        let reason = match &error {
            ArtifactError::Missing { .. } | ArtifactError::Elsewhere { .. } => LoadReason::NotFound,
            ArtifactError::Io { source, .. } => match source.kind() {
                ErrorKind::NotFound => LoadReason::NotFound,
                ErrorKind::PermissionDenied => LoadReason::AccessDenied,
                _ => LoadReason::Unreachable,
            },
            _ => LoadReason::Invalid,
        };
        Self { reason, detail: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_model_and_a_broken_one_have_different_reasons() {
        let missing = ArtifactError::Missing { path: "x".into(), file: "manifest.json" };
        assert_eq!(LoadError::from(missing).reason, LoadReason::NotFound);
        assert_eq!(LoadError::from(ArtifactError::Archive(String::new())).reason, LoadReason::Invalid);
        let denied = std::io::Error::from(ErrorKind::PermissionDenied);
        let denied = ArtifactError::Io { path: "x".into(), source: denied };
        assert_eq!(LoadError::from(denied).reason, LoadReason::AccessDenied);
    }
}
