//! What the files of the index looked like when they were closed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::{StoreError, hex};
use super::files::names_in;

/// Bytes read at once.
const BLOCK: usize = 1 << 20;
/// Bytes of the hash that are kept.
const KEPT: usize = 16;

/// A hash over the names, lengths and contents of all files of a folder, as hexadecimal.
///
/// # Errors
/// [`StoreError::Io`].
pub fn fingerprint(folder: &Path) -> Result<String, StoreError> {
    let mut hasher = Sha256::new();
    take_in(folder, &mut hasher)?;
    let hash: [u8; 32] = hasher.finalize().into();
    Ok(hex(hash.first_chunk::<KEPT>().map_or(&[], |kept| kept.as_slice())))
}

fn take_in(folder: &Path, hasher: &mut Sha256) -> Result<(), StoreError> {
    for name in names_in(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            hasher.update(format!("{name}/\n"));
            take_in(&path, hasher)?;
        } else {
            let (len, crc) = checksum(&path).map_err(|error| StoreError::io("read", &path, error))?;
            hasher.update(format!("{name} {len} {crc:08x}\n"));
        }
    }
    Ok(())
}

/// Length and checksum of a file. The checksum is the fast one: this reads all of the index.
fn checksum(path: &Path) -> std::io::Result<(u64, u32)> {
    let mut file = File::open(path)?;
    let mut crc = crc32fast::Hasher::new();
    let mut block = vec![0; BLOCK];
    let mut len: u64 = 0;
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok((len, crc.finalize()));
        }
        crc.update(block.get(..read).unwrap_or_default());
        len = len.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}
