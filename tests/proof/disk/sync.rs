//! A disk that says it could not keep what was written: the process ends at once, and the next one
//! finds everything that was acknowledged.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use counterfoil::store::files::{Disk, OnSyncFailure, RealDisk};
use counterfoil::store::{Pace, Store};

use super::ledger::Ledger;
use super::scene::{copy_tree, folder, next_boot, open, options};

const FOLDER: &str = "PROOF_SYNC_FOLDER";
const NTH: &str = "PROOF_SYNC_NTH";
const SIGABRT: i32 = 6;

/// A disk whose sync fails once its count is used up, and from then on.
struct Failing(AtomicU64);

impl Disk for Failing {
    fn before_write(&self, _bytes: usize) -> io::Result<()> {
        Ok(())
    }

    fn before_sync(&self) -> io::Result<()> {
        let left = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| io::Error::from_raw_os_error(5))
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(path)
    }
}

/// Run by the test below as a process of its own: writes records and says which are acknowledged.
#[test]
#[ignore = "ends its process; started by the test below"]
fn write_until_a_sync_fails() {
    let (Ok(folder), Ok(nth)) = (std::env::var(FOLDER), std::env::var(NTH)) else {
        return;
    };
    let mut settings = options(Path::new(&folder));
    settings.on_sync_failure = OnSyncFailure::Abort;
    settings.disk = Arc::new(Failing(AtomicU64::new(nth.parse().unwrap())));
    let (store, _) = open(settings).unwrap();
    let mut ledger = Ledger::new();
    for n in 2..=120 {
        store.commit(&[ledger.batch(n)]).unwrap();
        ledger.acknowledge(n);
        // Past the test harness, which keeps what is printed.
        writeln!(io::stdout().lock(), "acknowledged {n}").unwrap();
        if n % 9 == 0 {
            store.maintain(Pace::Idle).unwrap();
        }
    }
}

#[test]
fn a_failed_sync_ends_the_process_and_loses_nothing() {
    for nth in [0, 1, 8, 40, 60, 77] {
        let work = folder();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "disk::sync::write_until_a_sync_fails",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER, work.path())
            .env(NTH, nth.to_string())
            .output()
            .unwrap();
        assert_eq!(child.status.signal(), Some(SIGABRT), "{child:?}");
        let told = String::from_utf8_lossy(&child.stdout).into_owned();
        let last = told
            .lines()
            .filter_map(|line| line.split("acknowledged ").nth(1))
            .next_back();
        let acknowledged: u64 = last.map_or(1, |n| n.trim().parse().unwrap());
        let mut ledger = Ledger::new();
        (2..=acknowledged + 1).for_each(|n| ledger.acknowledge(n));
        for is_next_boot in [false, true] {
            let copy = folder();
            copy_tree(&options(work.path()).path, &options(copy.path()).path);
            let settings = options(copy.path());
            let settings = if is_next_boot { next_boot(settings) } else { settings };
            let (store, _) = open(settings).unwrap_or_else(|error| panic!("after sync {nth}: {error}"));
            let records = ledger.records_in(&store).expect("it holds what never was");
            assert!(
                records == acknowledged || records == acknowledged + 1,
                "after sync {nth}: {records} records, {acknowledged} acknowledged"
            );
        }
        assert!(fs::exists(options(work.path()).journal()).unwrap());
    }
}
