//! How the last run ended: a small file that says "open in this boot" or "stopped cleanly".

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::files::{read_if_any, write_whole};

/// Before the fingerprint; a marker of an older program has none.
const INDEX: &str = "index ";

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Whether the store was closed.
    pub run: Run,
    /// The boot in which this was written.
    pub boot_id: String,
    /// Last durable journal record when this was written.
    pub last_seq: u64,
    /// After a clean stop, what the files of the index looked like: see [`super::fingerprint`].
    pub index: Option<String>,
}

/// Whether a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// It is going on, or ended without a word.
    Open,
    /// Everything was synced and closed.
    Clean,
}

/// How the last run ended, seen from this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// There was no run before.
    Never,
    /// Closed with everything synced.
    Clean,
    /// The process ended, the machine did not: what was written is there.
    SameBoot,
    /// The machine restarted since, or the marker is unreadable: what was not synced may be gone.
    NewBoot,
}

impl Marker {
    /// Reads the marker of a data folder; `None` when it is missing or unreadable.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = read_if_any(&marker_path(folder))? else {
            return Ok(None);
        };
        Ok(String::from_utf8(bytes).ok().and_then(|text| Self::parse(&text)))
    }

    /// Puts the marker in place, durably.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Full`].
    pub fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let body = self.body();
        write_whole(
            &marker_path(folder),
            format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes())).as_bytes(),
        )
    }

    /// How the run that wrote this ended.
    #[must_use]
    pub fn stop(&self, boot_id: &str) -> Stop {
        match self.run {
            Run::Clean => Stop::Clean,
            Run::Open if self.boot_id == boot_id => Stop::SameBoot,
            Run::Open => Stop::NewBoot,
        }
    }

    fn body(&self) -> String {
        let run = match self.run {
            Run::Open => "open",
            Run::Clean => "clean",
        };
        let index = self.index.as_ref();
        let index = index.map_or_else(String::new, |index| format!("{INDEX}{index}\n"));
        format!("{run}\n{}\n{}\n{index}", self.boot_id, self.last_seq)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().peekable();
        let run = match lines.next()? {
            "open" => Run::Open,
            "clean" => Run::Clean,
            _ => return None,
        };
        let marker = Self {
            run,
            boot_id: lines.next()?.to_owned(),
            last_seq: lines.next()?.parse().ok()?,
            index: lines
                .next_if(|line| line.starts_with(INDEX))
                .map(|line| line.trim_start_matches(INDEX).to_owned()),
        };
        let crc = u32::from_str_radix(lines.next()?, 16).ok()?;
        (crc == crc32fast::hash(marker.body().as_bytes())).then_some(marker)
    }
}

/// The kernel's identity of this boot.
///
/// # Errors
/// [`StoreError::Io`].
pub fn current_boot_id() -> Result<String, StoreError> {
    let path = Path::new("/proc/sys/kernel/random/boot_id");
    let text = std::fs::read_to_string(path).map_err(|error| StoreError::io("read", path, error))?;
    Ok(text.trim().to_owned())
}

/// Where the marker lies.
#[must_use]
pub fn marker_path(folder: &Path) -> PathBuf {
    folder.join("last-run")
}
