// SPDX-License-Identifier: MIT
//! The table as Markdown, and its place in docs/BENCHMARKS.md.

use super::Error;
use super::row::{HEAD, Row};

/// Where the table is kept.
pub(super) const FILE: &str = "docs/BENCHMARKS.md";
/// The line before it.
pub(super) const BEGIN: &str = "<!-- cargo xtask bench --write: begin -->";
/// The line after it.
pub(super) const END: &str = "<!-- cargo xtask bench --write: end -->";

/// One benchmark's part.
pub(super) fn section(title: &str, rows: &[Row]) -> String {
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    format!("\n### {title}\n\n{HEAD}\n{}\n", rows.join("\n"))
}

/// The document with `table` between its markers.
pub(super) fn with_table(document: &str, table: &str) -> Result<String, Error> {
    let (before, rest) = document.split_once(BEGIN).ok_or(Error::Markers)?;
    let (_, after) = rest.split_once(END).ok_or(Error::Markers)?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_what_is_between_the_markers() {
        let document = format!("# B\n\n{BEGIN}\nold\n{END}\n\nafter\n");
        let written = with_table(&document, "\nnew\n").unwrap();
        assert_eq!(written, format!("# B\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"));
        assert_eq!(with_table(&written, "new").unwrap(), written);
    }

    #[test]
    fn a_document_without_markers_says_what_it_lacks() {
        let error = with_table("# B\n", "new").unwrap_err().to_string();
        assert_eq!(
            error,
            "docs/BENCHMARKS.md has no markers for the table: put `<!-- cargo xtask bench --write: begin -->` and \
             `<!-- cargo xtask bench --write: end -->` where it belongs"
        );
    }
}
