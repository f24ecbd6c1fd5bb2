// SPDX-License-Identifier: MIT
//! One repository's work as a patch and a bundle, made beside it: its own index and objects are not written to.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::{SalvageError, archive, create, write_all};
use crate::git::{Git, GitError, Head};
use crate::unsaved::UnsavedRepository;

/// What `git diff` needs to print a patch that means the same under any configuration.
const PATCH: [&str; 12] = [
    "diff",
    "--cached",
    "--binary",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-renames",
    "--no-color",
    "--ignore-submodules=all",
    "--unified=3",
    "--src-prefix=a/",
    "--dst-prefix=b/",
];

/// What became of a repository's work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Saved {
    /// The commit the patches apply to; `None` before the first one.
    pub(super) head: Option<String>,
    pub(super) patch: bool,
    pub(super) staged: bool,
    pub(super) raw: bool,
    pub(super) bundle: bool,
}

/// Saving one repository.
pub(super) struct Saving<'a> {
    folder: PathBuf,
    repository: &'a UnsavedRepository,
    scratch: &'a Path,
    git: Git,
}

impl<'a> Saving<'a> {
    /// `scratch` is an empty folder for what is only needed meanwhile.
    pub(super) fn new(workspace: &Path, repository: &'a UnsavedRepository, scratch: &'a Path) -> Self {
        let folder = workspace.join(&repository.path);
        let git = Git::of(&folder).reading_only();
        Self {
            folder,
            repository,
            scratch,
            git,
        }
    }

    /// Writes the files into `to`.
    pub(super) fn save(&self, to: &Path) -> Result<Saved, SalvageError> {
        let mut saved = Saved {
            head: self.git.line(&["rev-parse", "--verify", "HEAD"]).ok(),
            ..Saved::default()
        };
        let mut names = self.names();
        if !self.repository.changes.is_empty() {
            self.patches(to, &mut saved)?;
            if let Some(head) = &saved.head
                && self.is_missing_in_source(head)?
            {
                names.insert("refs/heads/base-of-changes".to_owned(), head.clone());
            }
        }
        if !names.is_empty() {
            self.bundle(&to.join("work.bundle"), &names)?;
            saved.bundle = true;
        }
        Ok(saved)
    }

    /// Whether a patch against `commit` would find nothing to apply to in the source.
    fn is_missing_in_source(&self, commit: &str) -> Result<bool, SalvageError> {
        let revisions = format!("{commit}\n{}", self.excluded());
        let found = self
            .git
            .run_with_input(&["rev-list", "--max-count=1", "--stdin"], revisions.as_bytes());
        self.run(found).map(|commit| !commit.is_empty())
    }

    /// What the source has, as revisions to leave out.
    fn excluded(&self) -> String {
        self.repository
            .known
            .iter()
            .flat_map(|object| ["^", object, "\n"])
            .collect()
    }

    fn patches(&self, to: &Path, saved: &mut Saved) -> Result<(), SalvageError> {
        let base = match &saved.head {
            Some(head) => head.clone(),
            None => self.run(self.git.line(&["hash-object", "-t", "tree", "/dev/null"]))?,
        };
        let git = self.beside()?;
        let staged = if self.repository.staged_only {
            self.diff(&git, &base)?
        } else {
            Vec::new()
        };
        let mut add = vec![
            "add".to_owned(),
            "--all".to_owned(),
            "--sparse".to_owned(),
            "--".to_owned(),
            ".".to_owned(),
        ];
        for nested in &self.repository.nested {
            add.extend(
                nested
                    .to_str()
                    .map(|nested| format!(":(exclude,literal){nested}")),
            );
        }
        let add: Vec<&str> = add.iter().map(String::as_str).collect();
        self.run(git.run(&add))?;
        let file = create(&to.join("changes.patch"))?;
        self.run(git.run_into(&[&PATCH[..], &[&base, "--"]].concat(), &file))?;
        saved.patch = true;
        if !staged.is_empty() {
            write_all(&to.join("staged.patch"), &staged)?;
            saved.staged = true;
        }
        let raw = self.run(self.not_as_is(&git, &base))?;
        if !raw.is_empty() {
            archive::write(&to.join("raw.tar"), &self.folder, &raw)?;
            saved.raw = true;
        }
        Ok(())
    }

    fn diff(&self, git: &Git, base: &str) -> Result<Vec<u8>, SalvageError> {
        self.run(git.run(&[&PATCH[..], &[base, "--"]].concat()))
    }

    /// The repository with a copy of its index, and new objects going to the scratch folder.
    fn beside(&self) -> Result<Git, SalvageError> {
        let (index, objects) = (self.scratch.join("index"), self.scratch.join("objects"));
        let original = self.git_path("index")?;
        match fs_err::copy(&original, &index) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SalvageError::Read {
                    path: original,
                    source: error,
                });
            }
            _ => {}
        }
        self.borrow_objects(&objects)?;
        let git = self.git.clone();
        Ok(git
            .with("GIT_INDEX_FILE", index.into())
            .with("GIT_OBJECT_DIRECTORY", objects.into()))
    }

    /// A new object store that has what the repository has.
    fn borrow_objects(&self, objects: &Path) -> Result<(), SalvageError> {
        let folder = objects.join("info");
        fs_err::create_dir_all(&folder).map_err(|source| SalvageError::Write {
            path: folder.clone(),
            source,
        })?;
        let mut lender = self.git_path("objects")?.into_os_string();
        lender.push("\n");
        write_all(&folder.join("alternates"), lender.as_bytes())
    }

    /// Files whose content git stores in another form: with other line endings, or through a filter.
    fn not_as_is(&self, git: &Git, base: &str) -> Result<Vec<PathBuf>, GitError> {
        let output = git.run(&[
            "diff",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            "--ignore-submodules=all",
            base,
        ])?;
        let stored = stored(&output);
        // One path a line, where a line may begin with a quote only if it is quoted.
        let (plain, mut differing): (Vec<_>, Vec<_>) = stored
            .keys()
            .cloned()
            .partition(|path| !path.starts_with(b"\"") && !path.contains(&b'\n'));
        let input: Vec<u8> = plain
            .iter()
            .flat_map(|path| [path.as_slice(), b"\n"].concat())
            .collect();
        let hashes = if plain.is_empty() {
            Vec::new()
        } else {
            git.run_with_input(&["hash-object", "--no-filters", "--stdin-paths"], &input)?
        };
        let hashes = hashes.split(|byte| *byte == b'\n');
        let changed = plain
            .into_iter()
            .zip(hashes)
            .filter(|(path, hash)| stored.get(path).is_none_or(|stored| stored != hash));
        differing.extend(changed.map(|(path, _)| path));
        Ok(differing
            .into_iter()
            .map(|path| PathBuf::from(OsString::from_vec(path)))
            .collect())
    }

    /// A bundle of the branches and stashes, made from a repository that only holds these names.
    fn bundle(&self, to: &Path, names: &BTreeMap<String, String>) -> Result<(), SalvageError> {
        let bare = self.scratch.join("bundle.git");
        self.borrow_objects(&bare.join("objects"))?;
        fs_err::create_dir(bare.join("refs")).map_err(|source| SalvageError::Write {
            path: bare.join("refs"),
            source,
        })?;
        write_all(&bare.join("HEAD"), b"ref: refs/heads/none\n")?;
        let format = self
            .git
            .line(&["rev-parse", "--show-object-format"])
            .unwrap_or_else(|_| "sha1".to_owned());
        let config = match format.as_str() {
            "sha1" => "[core]\nrepositoryformatversion = 0\nbare = true\n".to_owned(),
            other => format!(
                "[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nobjectFormat = {other}\n"
            ),
        };
        write_all(&bare.join("config"), config.as_bytes())?;
        // The file is sorted by name, and so is the map.
        let lines = names
            .iter()
            .flat_map(|(name, commit)| [commit.as_str(), " ", name, "\n"]);
        let packed: String = std::iter::once("# pack-refs with: sorted\n")
            .chain(lines)
            .collect();
        write_all(&bare.join("packed-refs"), packed.as_bytes())?;
        let shallow = self.git_path("shallow")?;
        if shallow.exists() {
            fs_err::copy(&shallow, bare.join("shallow")).map_err(|source| SalvageError::Read {
                path: shallow,
                source,
            })?;
        }
        let git = Git::at(self.scratch, &bare);
        let file = to.to_string_lossy();
        if to.to_str().is_none() {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "the path is not text");
            return Err(SalvageError::Write {
                path: to.to_owned(),
                source,
            });
        }
        self.run(git.run_with_input(
            &["bundle", "create", "--quiet", &file, "--all", "--stdin"],
            self.excluded().as_bytes(),
        ))?;
        self.run(git.run(&["bundle", "verify", "--quiet", &file]))
            .map(drop)
    }

    /// The references of the bundle and what they are at.
    fn names(&self) -> BTreeMap<String, String> {
        let branches = self.repository.branches.iter().map(|branch| {
            let name = if branch.name == "HEAD" {
                "refs/heads/detached-head"
            } else {
                &branch.name
            };
            (name.to_owned(), branch.commit.clone())
        });
        let stashes = self.repository.stashes.iter().enumerate();
        branches
            .chain(stashes.map(|(number, stash)| (format!("refs/stashes/{number}"), stash.commit.clone())))
            .collect()
    }

    fn git_path(&self, name: &str) -> Result<PathBuf, SalvageError> {
        let mut output = self.run(self.git.run(&["rev-parse", "--git-path", name]))?;
        if output.ends_with(b"\n") {
            output.pop();
        }
        Ok(self.folder.join(OsStr::from_bytes(&output)))
    }

    fn run<T>(&self, result: Result<T, GitError>) -> Result<T, SalvageError> {
        result.map_err(|source| SalvageError::Git {
            path: self.folder.clone(),
            source,
        })
    }
}

/// Where a repository's `HEAD` is, in words.
pub(super) fn head_in_words(git: &Git) -> String {
    match git.head() {
        Ok(Head::Branch(branch)) => branch.trim_start_matches("refs/heads/").to_owned(),
        _ => "a detached HEAD".to_owned(),
    }
}

/// The files of `git diff --raw -z`, with the object that git would store for each.
fn stored(output: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut records = output.split(|byte| *byte == 0);
    while let (Some(head), Some(path)) = (records.next(), records.next()) {
        let words: Vec<&[u8]> = head.split(|byte| *byte == b' ').collect();
        if let [_, mode, _, object, _] = words.as_slice()
            && mode.starts_with(b"100")
        {
            files.insert(path.to_vec(), object.to_vec());
        }
    }
    files
}
