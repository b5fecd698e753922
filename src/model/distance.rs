//! How far one word is from another.

/// Levenshtein's distance: how many letters must be changed, added or left out.
#[must_use]
pub fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, have) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (want, above) in to.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(have != *want));
            left = replaced.min(left.saturating_add(1)).min(above.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
