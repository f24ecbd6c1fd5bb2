// SPDX-License-Identifier: MIT
//! `.dockerignore` (Dockerfile reference, ".dockerignore file"): rooted patterns, the last that matches decides.

/// The patterns of one file.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    parts: Vec<String>,
    keeps: bool,
}

impl Ignored {
    pub(super) fn read(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::trim);
        Self {
            patterns: lines.filter_map(pattern).collect(),
        }
    }

    /// `path`, relative with `/`, is left out. A pattern that matches a folder matches all that is in it.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        self.patterns.iter().fold(false, |out, pattern| {
            if pattern.keeps == out && pattern.matches_or_parent(&parts) {
                !pattern.keeps
            } else {
                out
            }
        })
    }

    /// Nothing below the folder `path`, which is left out, can be kept again.
    pub(super) fn leaves_out_all_below(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        !self
            .patterns
            .iter()
            .any(|pattern| pattern.keeps && pattern.may_match_below(&parts))
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    let (line, keeps) = match line.strip_prefix('!') {
        Some(rest) => (rest.trim(), true),
        None => (line, false),
    };
    let mut parts: Vec<String> = Vec::new();
    for part in line.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    (!parts.is_empty()).then_some(Pattern { parts, keeps })
}

impl Pattern {
    fn matches_or_parent(&self, path: &[&str]) -> bool {
        (1..=path.len()).any(|depth| matches(&self.parts, &path[..depth]))
    }

    /// Some path below `folder` could match.
    fn may_match_below(&self, folder: &[&str]) -> bool {
        for (part, name) in self.parts.iter().zip(folder) {
            if part == "**" {
                return true;
            }
            if !glob(part.as_bytes(), name.as_bytes()) {
                return false;
            }
        }
        self.parts.len() > folder.len()
    }
}

fn matches(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => {
            // `**` at the end wants something to match; elsewhere it may match nothing.
            if rest.is_empty() {
                return !path.is_empty();
            }
            (0..=path.len()).any(|skip| matches(rest, &path[skip..]))
        }
        Some((first, rest)) => path
            .split_first()
            .is_some_and(|(name, below)| glob(first.as_bytes(), name.as_bytes()) && matches(rest, below)),
    }
}

/// One part of a path: `*`, `?`, `[a-z]`, `[^a]` and `\` (Go's `filepath.Match`).
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else {
        return name.is_empty();
    };
    match first {
        b'*' => (0..=name.len()).any(|skip| glob(rest, &name[skip..])),
        b'?' => name.split_first().is_some_and(|(_, tail)| glob(rest, tail)),
        b'[' => {
            let (Some((&byte, tail)), Some(end)) = (name.split_first(), class_end(rest)) else {
                return false;
            };
            in_class(&rest[..end], byte) && glob(&rest[end + 1..], tail)
        }
        b'\\' if !rest.is_empty() => name.first() == rest.first() && glob(&rest[1..], &name[1..]),
        byte => name.first() == Some(&byte) && glob(rest, &name[1..]),
    }
}

/// The place of the `]` that ends a class; one right at the start is a character.
fn class_end(class: &[u8]) -> Option<usize> {
    let skip = usize::from(class.first() == Some(&b'^')) + 1;
    class
        .iter()
        .skip(skip)
        .position(|byte| *byte == b']')
        .map(|place| place + skip)
}

fn in_class(class: &[u8], byte: u8) -> bool {
    let (class, negated) = match class.strip_prefix(b"^") {
        Some(rest) => (rest, true),
        None => (class, false),
    };
    let mut rest = class;
    let mut found = false;
    while let Some((&low, tail)) = rest.split_first() {
        let (high, tail) = match tail {
            [b'-', high, more @ ..] => (*high, more),
            _ => (low, tail),
        };
        found |= (low..=high).contains(&byte);
        rest = tail;
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_rooted_and_the_last_one_decides() {
        let ignored = Ignored::read(
            "# comment\n\nnode_modules\n*.log\n**/*.tmp\ndocs/**\n!docs/keep.md\n/dist/\ntemp?\n[ab].txt\n",
        );
        for out in [
            "node_modules",
            "node_modules/a/b.js",
            "x.log",
            "a/b/c.tmp",
            "c.tmp",
            "docs/a.md",
            "dist/x",
            "temp1",
            "a.txt",
        ] {
            assert!(ignored.leaves_out(out), "{out}");
        }
        for kept in [
            "src/node_modules/a.js",
            "a/x.log",
            "docs/keep.md",
            "docs",
            "temp",
            "c.txt",
            "Dockerfile",
        ] {
            assert!(!ignored.leaves_out(kept), "{kept}");
        }
        assert!(ignored.leaves_out_all_below("node_modules"));
        assert!(!ignored.leaves_out_all_below("docs"));
    }

    #[test]
    fn everything_but_some() {
        let ignored = Ignored::read("*\n!src\n!go.*\nsrc/secret");
        assert!(ignored.leaves_out("README"));
        assert!(!ignored.leaves_out("src/main.rs"));
        assert!(!ignored.leaves_out("go.mod"));
        assert!(ignored.leaves_out("src/secret/key"));
        assert!(!Ignored::read("!a\na\n!a/b").leaves_out("a/b/c"));
        assert!(Ignored::read("!a/b\na").leaves_out("a/b"));
    }
}
