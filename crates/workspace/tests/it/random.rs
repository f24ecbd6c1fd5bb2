// SPDX-License-Identifier: MIT
//! Random trees: whatever is in them, the copy is the same.

use std::os::unix::fs::symlink;
use std::path::Path;

use cilo_workspace::{CopyRequest, Method, copy};
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Tree {
    File {
        content: Vec<u8>,
        hole: u32,
        mode: u32,
        time: u32,
        xattr: Option<Vec<u8>>,
    },
    Link(String),
    Again(usize),
    Folder(Vec<(String, Self)>, u32),
}

fn trees() -> impl Strategy<Value = Tree> {
    let file = (
        proptest::collection::vec(any::<u8>(), 0..3000),
        prop_oneof![3 => Just(0_u32), 1 => 1..2_000_000_u32],
        prop_oneof![
            Just(0o644_u32),
            Just(0o755),
            Just(0o600),
            Just(0o444),
            Just(0o640)
        ],
        0..999_999_999_u32,
        proptest::option::weighted(0.2, proptest::collection::vec(any::<u8>(), 1..100)),
    );
    let file = file.prop_map(|(content, hole, mode, time, xattr)| Tree::File {
        content,
        hole,
        mode,
        time,
        xattr,
    });
    let leaf = prop_oneof![
        6 => file,
        1 => "[a-z./]{1,20}".prop_map(Tree::Link),
        1 => (0..50_usize).prop_map(Tree::Again),
    ];
    let modes = prop_oneof![Just(0o755_u32), Just(0o700), Just(0o555)];
    leaf.prop_recursive(4, 60, 12, move |inner| {
        (
            proptest::collection::vec(("[a-zA-Z0-9 ._\u{e9}-]{1,12}", inner), 0..12),
            modes.clone(),
        )
            .prop_map(|(entries, mode)| Tree::Folder(entries, mode))
    })
}

fn build(path: &Path, tree: &Tree, files: &mut Vec<std::path::PathBuf>) {
    if path.symlink_metadata().is_ok() || path.file_name().is_none() {
        return;
    }
    match tree {
        Tree::File {
            content,
            hole,
            mode,
            time,
            xattr,
        } => {
            let made = fs_err::File::create(path).unwrap();
            std::os::unix::fs::FileExt::write_all_at(made.file(), content, u64::from(*hole)).unwrap();
            if let Some(xattr) = xattr {
                set_xattr(path, "user.random", xattr);
            }
            chmod(path, *mode);
            let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_500_000_000, *time);
            made.file().set_modified(time).unwrap();
            files.push(path.to_owned());
        }
        Tree::Link(to) => symlink(to, path).unwrap(),
        Tree::Again(which) => {
            if let Some(first) = files.get(*which) {
                fs_err::hard_link(first, path).unwrap();
            }
        }
        Tree::Folder(entries, mode) => {
            fs_err::create_dir(path).unwrap();
            for (name, entry) in entries
                .iter()
                .filter(|(name, _)| !name.trim_matches('.').is_empty())
            {
                build(&path.join(name), entry, files);
            }
            chmod(path, *mode);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_copy_is_the_same(tree in trees(), range in any::<bool>()) {
        let place = Place::new();
        let (source, target) = (place.at("source"), place.at("target"));
        build(&source, &Tree::Folder(vec![("top".to_owned(), tree)], 0o755), &mut Vec::new());
        let best = if range { Method::CopyFileRange } else { Method::ReadWrite };
        let report = copy(&CopyRequest { best, ..CopyRequest::new(&source, &target) }, &mut |_| {}).unwrap();
        prop_assert_eq!(picture(&source), picture(&target));
        let folders = picture(&target).values().filter(|node| node.kind == "folder").count();
        prop_assert_eq!(report.directories as usize, folders);
        for folder in [&source, &target] {
            cilo_workspace::remove(folder, &place.at("")).unwrap();
        }
        prop_assert_eq!(names(&place.at("")), Vec::<String>::new());
    }
}
