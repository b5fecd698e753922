//! How a row can be unreadable.

/// A row that cannot be written or read. It always names the row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The row was written by a newer program.
    #[error("{row} has format {found}, this program reads up to {supported}; start the newer program")]
    Newer {
        /// Which row.
        row: String,
        /// Its format: version in front of the dot, unknown flags behind it.
        found: String,
        /// The newest version that is known.
        supported: u8,
    },
    /// The bytes are not what this program writes.
    #[error("{row} is damaged: {problem}")]
    Damaged {
        /// Which row.
        row: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The row cannot be turned into bytes.
    #[error("{row} cannot be stored: {problem}")]
    Unwritable {
        /// Which row.
        row: String,
        /// Why not.
        problem: String,
    },
}

impl RowError {
    /// A damaged row, named by its key.
    pub fn damaged(key: &[u8], problem: impl Into<String>) -> Self {
        Self::Damaged {
            row: super::keys::describe(key),
            problem: problem.into(),
        }
    }
}
