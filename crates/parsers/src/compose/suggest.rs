// SPDX-License-Identifier: MIT
//! "Did you mean": the known word nearest to a mistyped one.

/// The longest word that a suggestion is looked for.
const MAX_WORD: usize = 60;

/// The nearest word, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > MAX_WORD {
        return None;
    }
    let most = (length / 3).clamp(1, 3);
    known
        .map(|candidate| (distance(&fold(word), &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `wrongField` and `wrong-field` are spelled `wrong_field`.
fn fold(word: &str) -> Vec<char> {
    let mut folded = Vec::new();
    for c in word.chars() {
        if c.is_uppercase() {
            folded.push('_');
        }
        folded.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    folded
}

/// Insertions, removals, replacements and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["image", "ports", "environment", "depends_on", "volumes"];
        let near = |word| nearest(word, known.into_iter());
        assert_eq!(near("imgae"), Some("image"));
        assert_eq!(near("port"), Some("ports"));
        assert_eq!(near("enviroment"), Some("environment"));
        assert_eq!(near("dependsOn"), Some("depends_on"));
        assert_eq!(near("depends-on"), Some("depends_on"));
        assert_eq!(near("flavour"), None);
    }
}
