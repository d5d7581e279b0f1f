//! A CSV file with one column: a value for each rating, in the order of the ratings file.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use matinee_train::ratings::Dataset;

/// Reads a column with this header, and returns the values in the order of the data set's ratings. The error of `parse`
/// must quote the value.
pub fn read_column<T: Copy>(
    path: &Path,
    header: &str,
    dataset: &Dataset,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines().map(str::trim);
    if lines.next() != Some(header) {
        bail!("{}:1: expected the header `{header}`", path.display());
    }
    let value = |(line, text)| parse(text).map_err(|error| anyhow!("{}:{line}: {error}", path.display()));
    let values = (2..).zip(lines).map(value).collect::<Result<Vec<T>>>()?;
    dataset.align(&values).with_context(|| path.display().to_string())
}
