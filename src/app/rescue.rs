//! `counterfoil store rescue`: what can be read of a damaged data folder, saved into a new one.

use std::fs;
use std::io::{BufReader, BufWriter, Write, pipe};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::clock::RealEntropy;
use super::data_folder::SCHEMA;
use super::programs::complain;
use crate::cli::RescueArgs;
use crate::cli::exit::Exit;
use crate::config::Config;
use crate::model::time::Entropy;
use crate::store::marker::current_boot_id;
use crate::store::rows::Rows;
use crate::store::{DiskStore, OnDamage, OpenOptions, Store, StoreError};

/// Secrets that belong to the data, where they lie in its folder.
const SECRETS: [&str; 2] = ["admin-token", "store-key"];

/// What a rescue saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescued {
    /// The new folder has everything up to this record.
    pub saved_seq: u64,
    /// The old folder says that there were records up to this one.
    pub named_seq: u64,
    /// What the old folder suffers from.
    pub damage: String,
}

/// Why nothing was rescued.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// There is nothing to rescue.
    #[error("the store in {} is not damaged; start the daemon", .0.display())]
    NotDamaged(PathBuf),
    /// A rescue overwrites nothing.
    #[error("{} is not empty; name a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// The old store cannot even be read, or the new one not be written.
    #[error("{0}{to_do}", to_do = .0.way_out().map_or_else(String::new, |act| format!("; to do: {act}")))]
    Store(#[from] StoreError),
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Rescues as ordered, and tells what came of it. Returns the exit code: 0 when nothing is missing, 7
/// when something is.
#[must_use]
pub fn run(order: &RescueArgs) -> Exit {
    let config = match Config::load(order.config.as_deref(), std::env::vars()) {
        Ok(config) => config,
        Err(problems) => {
            complain(&problems.to_string());
            return Exit::Usage;
        }
    };
    let rescued = match rescue(&config.store.path, &order.to) {
        Ok(rescued) => rescued,
        Err(error) => {
            complain(&format!("error: {error}"));
            return Exit::Failed;
        }
    };
    let text = if order.json {
        json!({
            "saved_seq": rescued.saved_seq,
            "named_seq": rescued.named_seq,
            "damage": rescued.damage,
            "folder": order.to.display().to_string(),
        })
        .to_string()
    } else {
        words(&rescued, &order.to)
    };
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        complain(&format!("standard output: {error}"));
    }
    if rescued.saved_seq < rescued.named_seq {
        Exit::PartlyFailed
    } else {
        Exit::Ok
    }
}

fn words(rescued: &Rescued, to: &Path) -> String {
    let Rescued {
        saved_seq,
        named_seq,
        damage,
    } = rescued;
    let found = format!(
        "Found: {damage}.\nSaved: every record up to {saved_seq}, in {}.",
        to.display()
    );
    if saved_seq >= named_seq {
        return format!("{found}\nNothing that was accepted is missing. Set store.path to the new folder and start.");
    }
    let first = saved_seq.saturating_add(1);
    format!(
        "{found}\nMissing: records {first} to {named_seq}, and with them what was accepted or sent in them.\n\
         Treat the new folder as an old copy: docs/how-to/back-up-and-restore.md, \"Restore an old copy\"."
    )
}

/// Saves what can be read of the store in `from` into `to`, with the secrets that lie beside it.
/// When nothing is missing, hosts can go on reading the feed where they were.
///
/// # Errors
/// [`RescueError`]. The old folder keeps its journal and its snapshots as they are.
pub fn rescue(from: &Path, to: &Path) -> Result<Rescued, RescueError> {
    let refused = |path: &Path| {
        let path = path.to_path_buf();
        move |source| RescueError::Io { path, source }
    };
    match fs::read_dir(to).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(RescueError::NotEmpty(to.to_path_buf())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(to)(error)),
        Ok(false) | Err(_) => {}
    }
    let boot_id = current_boot_id()?;
    let options = |path: &Path| {
        let mut fresh_id = [0; 16];
        RealEntropy.fill(&mut fresh_id);
        OpenOptions::new(path, fresh_id, SCHEMA, &*boot_id)
    };
    let mut reading = options(from);
    reading.on_damage = OnDamage::OpenReadOnly;
    // A typing error must not make a store where there is none.
    fs::metadata(from).map_err(refused(from))?;
    let (old, report) = DiskStore::open(reading, Arc::new(Rows))?;
    let Some(damage) = report.damage else {
        old.close()?;
        return Err(RescueError::NotDamaged(from.to_path_buf()));
    };
    let is_complete = report.last_seq >= report.named_seq;
    let target = options(to);
    let epoch = if is_complete { old.epoch() } else { target.fresh_id };
    let (new, _) = DiskStore::open(target, Arc::new(Rows))?;
    copy_rows(&old, &new, epoch)?;
    new.close()?;
    old.close()?;
    for name in SECRETS {
        let secret = from.join(name);
        if secret.exists() {
            fs::copy(&secret, to.join(name)).map_err(refused(&secret))?;
        }
    }
    Ok(Rescued {
        saved_seq: report.last_seq,
        named_seq: report.named_seq,
        damage: damage.to_string(),
    })
}

/// Reads one store out and the other one in, at the same time.
fn copy_rows(old: &DiskStore, new: &DiskStore, epoch: [u8; 16]) -> Result<(), RescueError> {
    let (reader, writer) = pipe().map_err(|source| RescueError::Io {
        path: PathBuf::from("a pipe"),
        source,
    })?;
    let (read_out, read_in) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut writer = BufWriter::new(writer);
            old.export(&mut writer)
        });
        let read_in = new.import(&mut BufReader::new(reader), epoch);
        (reading.join(), read_in)
    });
    let panicked = || StoreError::Defect {
        doing: "reading the damaged store".to_owned(),
    };
    read_out.map_err(|_| panicked())??;
    Ok(read_in?)
}
