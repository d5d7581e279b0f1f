//! Columns that nothing is read from.

/// The note about columns of a file that are not `used`. `None` if there are none.
pub(super) fn note(header: &[String], used: &[Option<usize>]) -> Option<String> {
    let is_unused = |(column, _): &(usize, &String)| !used.contains(&Some(*column));
    let names: Vec<String> =
        header.iter().enumerate().filter(is_unused).map(|(_, name)| format!("`{}`", name.trim())).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("the column {} is not used", names[0])),
        _ => Some(format!("the columns {} are not used", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::note;

    #[test]
    fn columns_that_are_not_used_are_named() {
        let header: Vec<String> = "userId,tag,movieId,review".split(',').map(str::to_owned).collect();
        assert_eq!(note(&header, &[Some(0), Some(2)]).unwrap(), "the columns `tag`, `review` are not used");
        assert_eq!(note(&header, &[Some(0), Some(1), Some(2), Some(3), None]), None);
    }
}
