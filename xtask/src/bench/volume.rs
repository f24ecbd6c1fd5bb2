// SPDX-License-Identifier: MIT
//! New filesystems, each in an image file that is mounted for as long as it is measured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use crate::sh::{self, Sh};
use crate::{packages, say, wait};

/// How long a filesystem may be busy after its last use.
const PATIENCE: Duration = Duration::from_secs(20);

/// A filesystem that the copy is measured on besides the present one.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    options: &'static [&'static str],
    debian: &'static str,
    fedora: &'static str,
}

/// Every one of them.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "ext4",
        program: "mkfs.ext4",
        // Else the kernel prepares the rest while we measure.
        options: &["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
        debian: "e2fsprogs",
        fedora: "e2fsprogs",
    },
    Kind {
        name: "XFS (reflink=1)",
        program: "mkfs.xfs",
        options: &["-q", "-m", "reflink=1"],
        debian: "xfsprogs",
        fedora: "xfsprogs",
    },
    Kind {
        name: "btrfs",
        program: "mkfs.btrfs",
        options: &["-q"],
        debian: "btrfs-progs",
        fedora: "btrfs-progs",
    },
];

/// A mounted one; it goes with this value.
pub(super) struct Volume {
    point: PathBuf,
    image: PathBuf,
}

impl Kind {
    /// Mounts a new one of `size` bytes below `folder`, or says why that cannot be done here. Only what is used of
    /// it takes space.
    pub(super) fn mount(&self, folder: &Path, size: u64) -> Result<Result<Volume, String>, Error> {
        if !sh::is_root() {
            return Ok(Err("needs root, to mount an image file".to_owned()));
        }
        if !sh::on_path(self.program) {
            return Ok(Err(install_hint(self.program, self.debian, self.fedora)));
        }
        let volume = Volume {
            point: folder.join(self.program),
            image: folder.join(format!("{}.image", self.program)),
        };
        fs_err::create_dir_all(&volume.point)?;
        fs_err::File::create(&volume.image)?.set_len(size)?;
        Sh::new(self.program)
            .args(self.options)
            .arg(&volume.image)
            .quiet()?;
        let mount = Sh::new("mount").args(["-o", "loop"]).arg(&volume.image);
        Ok(match mount.arg(&volume.point).quiet() {
            Ok(()) => Ok(volume),
            Err(_) => Err(format!("this system cannot mount a {} image file", self.name)),
        })
    }
}

impl Volume {
    /// Its root folder.
    pub(super) fn folder(&self) -> &Path {
        &self.point
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let removed = unmount_below(&self.point).and_then(|()| Ok(fs_err::remove_file(&self.image)?));
        if let Err(error) = removed {
            say::step(&crate::report(&error));
        }
    }
}

/// Unmounts everything at and below `folder`, the innermost first.
pub(super) fn unmount_below(folder: &Path) -> Result<(), Error> {
    let mounts = fs_err::read_to_string("/proc/self/mountinfo")?;
    for point in points_below(&mounts, folder) {
        let umount = Sh::new("umount").arg(&point).privileged()?;
        // What a killed run started may not have ended yet, and keeps it busy.
        wait::until(PATIENCE, || umount.quiet().ok()).map_or_else(|| umount.quiet(), Ok)?;
    }
    Ok(())
}

/// Which packages bring a missing program, as a command for this system.
pub(super) fn install_hint(program: &str, debian: &str, fedora: &str) -> String {
    match packages::family() {
        Some(packages::Family::Fedora) => format!("needs {program}: `dnf install {fedora}`"),
        _ => format!("needs {program}: `apt-get install {debian}`"),
    }
}

fn points_below(mountinfo: &str, folder: &Path) -> Vec<PathBuf> {
    let mut points: Vec<PathBuf> = mountinfo
        .lines()
        .filter_map(|line| Some(PathBuf::from(line.split(' ').nth(4)?)))
        .filter(|point| point.starts_with(folder))
        .collect();
    points.reverse();
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_below_the_folder_are_undone_and_the_last_one_first() {
        let mounts = "27 1 8:1 / / rw - ext4 /dev/a rw\n\
            40 27 7:0 / /b/bench/x rw - xfs /dev/loop0 rw\n\
            41 27 7:1 / /b/bench-other rw - xfs /dev/loop1 rw\n\
            42 40 7:2 / /b/bench/x/y rw - btrfs /dev/loop2 rw\n";
        assert_eq!(
            points_below(mounts, Path::new("/b/bench")),
            [PathBuf::from("/b/bench/x/y"), PathBuf::from("/b/bench/x")]
        );
    }

    #[test]
    fn every_filesystem_can_be_made_or_says_how_to_be_able_to() {
        for kind in KINDS {
            assert!(kind.program.starts_with("mkfs."), "{}", kind.name);
            let hint = install_hint(kind.program, kind.debian, kind.fedora);
            assert!(hint.contains(" install "), "{hint}");
        }
    }
}
