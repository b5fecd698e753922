//! The disk fills up, or fails: nothing accepted is lost, and when it is well again so is the daemon.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::faults::{assert_each_once, writes};
use crate::support::{Answer, ConfigFile, Daemon, Sandbox, in_own_mounts, mount_memory, sale, skip, until};

/// Size of the file system of the data folder.
const DISK: &str = "64m";
/// Below this much free space new work is refused.
const RESERVE_BYTES: u64 = 16 << 20;

/// A daemon whose data folder is a small file system.
struct SmallDisk {
    daemon: Daemon,
    sandbox: Sandbox,
    config: ConfigFile,
    tenant: String,
    data: PathBuf,
    _folder: TempDir,
}

impl SmallDisk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        mount_memory(&data, DISK);
        let sandbox = Sandbox::start();
        let config = ConfigFile::new(folder.path(), &sandbox).set_raw("sync.batch_max", "5");
        let mut daemon = Daemon::start(&config);
        daemon.process.expect_errors();
        let tenant = daemon.connect(&sandbox)[0].clone();
        Self {
            daemon,
            sandbox,
            config,
            tenant,
            data,
            _folder: folder,
        }
    }

    fn free_bytes(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.data).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    /// Something else writes to this disk until only so much is left, as far as that is possible.
    fn fill(&self, left_bytes: u64) {
        let mut filler = File::options()
            .create(true)
            .append(true)
            .open(self.data.join("filler"))
            .unwrap();
        while self.free_bytes() > left_bytes {
            let most = (self.free_bytes() - left_bytes).min(1 << 20);
            match filler.write(&vec![1; usize::try_from(most).unwrap()]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.data.join("filler")).unwrap();
    }

    /// Writes documents until each is accepted.
    fn accept(&self, writes: &[(String, Value)], accepted: &mut Vec<(String, Value)>) {
        for (host_ref, body) in writes {
            until(30, "new work to be taken", || {
                (self.put(host_ref, body).status == 201).then_some(())
            });
            accepted.push((host_ref.clone(), body.clone()));
        }
    }

    fn put(&self, host_ref: &str, body: &Value) -> Answer {
        let path = format!("/v1/tenants/{}/invoices/ref:{host_ref}", self.tenant);
        self.daemon.api.put(&path, body)
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_daemon_recovers_by_itself() {
    in_own_mounts(
        "disk::a_full_disk_loses_nothing_and_the_daemon_recovers_by_itself",
        || {
            let mut disk = SmallDisk::new();
            let written = writes(60);
            let mut accepted = Vec::new();
            disk.accept(&written[..20], &mut accepted);
            disk.daemon.settled(&disk.tenant, 20, 40);

            // Nearly full: new work is refused, what was taken is read and finished.
            slow_down(&disk.sandbox);
            disk.accept(&written[20..25], &mut accepted);
            disk.fill(RESERVE_BYTES - (2 << 20));
            let (host_ref, body) = &written[25];
            let refused = until(10, "new work to be refused", || {
                let answer = disk.put(host_ref, body);
                assert_ne!(answer.status, 201, "accepted on a nearly full disk");
                (answer.status != 429).then_some(answer)
            });
            assert_eq!((refused.status, refused.problem().as_str()), (507, "disk_full"));
            disk.daemon.settled(&disk.tenant, 25, 40);

            // Full to the last byte, with calls on their way whose results must be written down: the
            // ballast takes those. Then that is full as well.
            disk.make_room();
            disk.accept(&written[30..45], &mut accepted);
            disk.fill(0);
            until(30, "the disk to be felt", || {
                assert_ne!(disk.put(host_ref, body).status, 201, "accepted on a full disk");
                disk.daemon.process.log.having(&["the store must be reopened"])
            });
            disk.fill(0);
            for _ in 0..100 {
                assert_ne!(disk.put(host_ref, body).status, 201, "accepted on a full disk");
            }
            assert!(disk.daemon.process.is_running());

            // Space returns, and nobody does anything.
            disk.make_room();
            disk.sandbox.heal();
            disk.accept(&written[51..52], &mut accepted);
            disk.daemon.settled(&disk.tenant, 41, 60);
            until(30, "the ballast to be made again", || {
                let ballast = fs::metadata(disk.data.join("ballast")).ok();
                ballast.filter(|file| file.len() == 1 << 20)
            });

            // And after a kill everything is there.
            disk.daemon.process.kill();
            disk.daemon = Daemon::start_as_written(&disk.config);
            let theirs = disk.sandbox.tenants[0].clone();
            assert_each_once(&disk.daemon, &disk.tenant, &disk.sandbox.documents(&theirs), &accepted);
        },
    );
}

fn slow_down(sandbox: &Sandbox) {
    sandbox.fault(&json!({
        "match": {"method": "PUT", "path": "/api.xro/2.0/Invoices"},
        "fault": "delay", "ms": 700, "times": null,
    }));
}

#[test]
fn a_start_on_a_full_disk_waits_for_space() {
    in_own_mounts("disk::a_start_on_a_full_disk_waits_for_space", || {
        let mut disk = SmallDisk::new();
        let written = writes(10);
        for (host_ref, body) in &written {
            disk.daemon.put(&disk.tenant, host_ref, body).ok(201);
        }
        disk.daemon.settled(&disk.tenant, 10, 40);
        disk.daemon.process.kill();
        // The ballast would help once.
        fs::remove_file(disk.data.join("ballast")).unwrap();
        disk.fill(0);
        let mut process = Daemon::launch(&disk.config, &[]);
        process.expect_errors();
        let told = until(30, "the daemon to say that it waits", || {
            assert!(process.is_running(), "{:#?}", process.log.all());
            process.log.having(&["waits for space"])
        });
        for words in ["disk_full", "is full", "free space on the disk"] {
            assert!(told.contains(words), "{told}");
        }
        disk.make_room();
        disk.daemon = Daemon::wait_for(process, &disk.config);
        assert_eq!(disk.daemon.counts(&disk.tenant)["synced"], 10);
        let (host_ref, body) = ("DOC-LATE", sale("INV-LATE"));
        disk.daemon.put(&disk.tenant, host_ref, &body).ok(201);
        disk.daemon.badge(&disk.tenant, host_ref, "synced");

        // Nothing keeps it from being stopped while it waits.
        disk.daemon.process.kill();
        disk.fill(0);
        let ballast = disk.data.join("ballast");
        if ballast.exists() {
            fs::remove_file(ballast).unwrap();
        }
        disk.fill(0);
        let mut process = Daemon::launch(&disk.config, &[]);
        process.expect_errors();
        until(30, "the daemon to wait again", || {
            process.log.having(&["waits for space"])
        });
        process.signal(Signal::TERM);
        assert_eq!(process.wait(10).code(), Some(1));
    });
}

/// The real program under `strace`, which lets the sync of the journal fail.
#[test]
fn a_failing_sync_of_the_journal_ends_the_daemon_and_loses_nothing() {
    let test = "disk::a_failing_sync_of_the_journal_ends_the_daemon_and_loses_nothing";
    if !can_trace() {
        return skip(test, "strace is missing or may not trace here");
    }
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start();
    let config = ConfigFile::new(folder.path(), &sandbox);
    // The first start makes the journal, whose name the second one is told by.
    let daemon = Daemon::start(&config);
    let tenant = daemon.connect(&sandbox)[0].clone();
    drop(daemon);
    let journal = journal_of(folder.path());
    let traced = folder.path().join("strace");
    let above = [
        "strace",
        "-f",
        "-qq",
        "-o",
        &traced.display().to_string(),
        "-P",
        &journal.display().to_string(),
        "-e",
        "trace=fdatasync",
        "-e",
        "inject=fdatasync:error=EIO:when=60+",
    ]
    .map(str::to_owned);
    let above: Vec<&str> = above.iter().map(String::as_str).collect();
    let mut process = Daemon::launch(&config, &above);
    process.expect_errors();
    let mut traced = Daemon::wait_for(process, &config);
    let mut accepted = Vec::new();
    for (host_ref, body) in writes(400) {
        let path = format!("/v1/tenants/{tenant}/invoices/ref:{host_ref}");
        match traced.api.try_send("PUT", &path, &[], &body.to_string()) {
            Ok(answer) if answer.status == 201 => accepted.push((host_ref, body)),
            Ok(answer) => assert_eq!(answer.status, 429, "{}", answer.text),
            Err(_gone) => break,
        }
    }
    let status = traced.process.wait(20);
    assert!(!status.success(), "{status}");
    assert!(traced.process.log.having(&["journal sync failed"]).is_some());
    assert!(accepted.len() > 5, "{} accepted", accepted.len());

    let daemon = Daemon::start_as_written(&config);
    for (host_ref, body) in &accepted {
        assert_eq!(
            daemon.invoice(&tenant, host_ref)["number"],
            body["number"],
            "{host_ref}"
        );
    }
    let total = daemon.counts(&tenant)["total"].as_u64().unwrap();
    daemon.settled(&tenant, total, 60);
    sandbox.assert_no_violations();
}

fn journal_of(folder: &Path) -> PathBuf {
    let segments = fs::read_dir(folder.join("data/journal")).unwrap();
    segments.map(|segment| segment.unwrap().path()).max().unwrap()
}

fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}
