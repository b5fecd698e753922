//! What an operator is told to do about a failure of the store. `docs/how-to/disk-full-or-store-damaged.md`
//! has a row for each code.

use super::error::StoreError;

const KEEP_AND_RESCUE: &str = "copy the whole folder as it is and delete nothing; then `counterfoil store rescue --to FOLDER` saves \
what can be read and says whether anything accepted is missing; or restore the last good copy";
const FREE_SPACE: &str =
    "free space on the disk of the data folder, and delete nothing in the folder; the rest happens by itself";
const REPORT: &str = "copy the whole folder as it is and report this as a defect; start the version that ran before, or restore the \
last good copy";
const NEWER_PROGRAM: &str = "start the program that wrote it, or a newer one";

/// Codes of the failures that an operator has to act on.
pub const CODES: [&str; 12] = [
    "digest_mismatch",
    "disk_full",
    "disk_reserve",
    "format_too_new",
    "import_unfinished",
    "index_damaged",
    "journal_damaged",
    "schema_too_new",
    "snapshots_unreadable",
    "store_defect",
    "store_in_use",
    "store_io",
];

impl StoreError {
    /// A stable name for logs and pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "store_io",
            Self::Full { .. } => "disk_full",
            Self::DiskReserve { .. } => "disk_reserve",
            Self::Locked { .. } => "store_in_use",
            Self::JournalDamaged { .. } => "journal_damaged",
            Self::SnapshotDamaged { .. } => "snapshots_unreadable",
            Self::ExportDamaged { .. } => "export_damaged",
            Self::StateDamaged { .. } => "index_damaged",
            Self::DigestMismatch { .. } => "digest_mismatch",
            Self::TooLarge { .. } => "too_large",
            Self::ReservedKey { .. } => "reserved_key",
            Self::Counter { .. } => "counter",
            Self::SchemaTooNew { .. } => "schema_too_new",
            Self::FormatTooNew { .. } => "format_too_new",
            Self::ImportUnfinished => "import_unfinished",
            Self::Defect { .. } => "store_defect",
            Self::NotEmpty => "not_empty",
            Self::ReadOnly => "read_only",
            Self::NeedsReopen { .. } => "needs_reopen",
            Self::EarlierFailed => "earlier_failed",
            Self::Busy { .. } => "busy",
            Self::Closed => "closed",
        }
    }

    /// What an operator should do; `None` for what passes by itself and for what a caller did wrong.
    #[must_use]
    pub fn way_out(&self) -> Option<&'static str> {
        Some(match self {
            Self::Io { .. } => {
                "see what the system says about this path (mode, owner, mount, `dmesg`), mend it and start again"
            }
            Self::Full { .. } | Self::DiskReserve { .. } => FREE_SPACE,
            Self::Locked { .. } => "stop the other one, or give this one a data folder of its own (store.path)",
            Self::JournalDamaged { .. } => KEEP_AND_RESCUE,
            Self::SnapshotDamaged { .. } => {
                "copy the whole folder as it is and delete nothing; restore the last good copy"
            }
            Self::DigestMismatch { .. } | Self::Defect { .. } => REPORT,
            Self::StateDamaged { .. } => {
                "start again: the index is made again from snapshot and journal; if it comes back, check the disk"
            }
            Self::SchemaTooNew { .. } | Self::FormatTooNew { .. } => NEWER_PROGRAM,
            Self::ImportUnfinished => "delete the folder that was imported into, and import again",
            Self::ExportDamaged { .. }
            | Self::TooLarge { .. }
            | Self::ReservedKey { .. }
            | Self::Counter { .. }
            | Self::NotEmpty
            | Self::ReadOnly
            | Self::NeedsReopen { .. }
            | Self::EarlierFailed
            | Self::Busy { .. }
            | Self::Closed => return None,
        })
    }
}
