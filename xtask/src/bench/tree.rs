// SPDX-License-Identifier: MIT
//! A tree of files like a project with its dependencies: many small, some larger, few big. The same every time.

use std::io::{self, Write};
use std::path::Path;

use super::up::IMAGE;

const FILES: u64 = 20_000;
const BYTES: u64 = 500_000_000;
const FILES_PER_FOLDER: u64 = 100;

/// Makes the tree, with a Compose file at its root.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let mut content = vec![0; 1 << 20];
    for (number, size) in (0..).zip(sizes()) {
        let inner = folder.join(format!("module-{:03}/src", number / FILES_PER_FOLDER));
        if number % FILES_PER_FOLDER == 0 {
            fs_err::create_dir_all(&inner)?;
        }
        let mut file = fs_err::File::create(inner.join(format!("file-{number:05}.bin")))?;
        let mut left = size;
        while left > 0 {
            let length = usize::try_from(left).map_or(content.len(), |left| left.min(content.len()));
            noise.fill(&mut content[..length]);
            file.write_all(&content[..length])?;
            left -= length as u64;
        }
    }
    let project = format!("name: cilo-bench\nservices:\n  one:\n    image: {IMAGE}\n");
    fs_err::write(folder.join("compose.yaml"), project)
}

/// Sizes in bytes: in every 200 files one of some 3 MB and nineteen of 60 KB among many of up to 8 KB.
fn sizes() -> Vec<u64> {
    let mut noise = Noise(1);
    let is_big = |number: u64| number % 200 == 100;
    let mut sizes: Vec<u64> = (0..FILES)
        .map(|number| match number {
            big if is_big(big) => 0,
            medium if medium % 10 == 0 => 60_000,
            _ => noise.next() % 8_192,
        })
        .collect();
    let bigs = (0..FILES).filter(|number| is_big(*number)).count() as u64;
    let left = BYTES - sizes.iter().sum::<u64>();
    let mut rest = left % bigs;
    for (number, size) in (0..).zip(&mut sizes) {
        if is_big(number) {
            *size = left / bigs + std::mem::take(&mut rest);
        }
    }
    sizes
}

/// Numbers that no filesystem can compress (xorshift64*, Vigna 2016); the same from the same seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for eight in bytes.chunks_mut(8) {
            eight.copy_from_slice(&self.next().to_le_bytes()[..eight.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_what_the_table_says_and_always_the_same() {
        let sizes = sizes();
        assert_eq!((sizes.len() as u64, sizes.iter().sum::<u64>()), (FILES, BYTES));
        assert_eq!(sizes, super::sizes());
        let small = sizes.iter().filter(|size| **size < 8_192).count();
        assert_eq!(small, 18_000);
        assert!(sizes.iter().all(|size| *size < 4_000_000));
    }

    #[test]
    fn noise_fills_odd_lengths() {
        let mut bytes = [0; 13];
        Noise(7).fill(&mut bytes);
        assert!(bytes[8..].iter().any(|byte| *byte != 0));
    }
}
