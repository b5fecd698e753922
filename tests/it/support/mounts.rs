//! File systems of a test's own: small, and gone with it.

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Set in the process that has mounts of its own.
const INSIDE: &str = "IT_OWN_MOUNTS";

/// Says that a test was not run, past the harness, which keeps what a test prints.
pub fn skip(test: &str, why: &str) {
    writeln!(std::io::stderr(), "SKIPPED {test}: {why}").unwrap();
}

/// Runs a test's body in a process that may mount: this test again, below `unshare`. Where that is
/// not possible, the test is skipped and says so.
pub fn in_own_mounts(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let Some(flags) = ["-m", "-rm"].into_iter().find(|flags| may_mount(flags)) else {
        return skip(
            test,
            "this system lets nobody mount here (neither root nor `unshare -rm`)",
        );
    };
    let ended = Command::new("unshare")
        .arg(flags)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(ended.status.success(), "{told}");
    assert!(told.contains("1 passed"), "the test did not run: {told}");
}

/// Mounts an empty file system of this size in memory.
pub fn mount_memory(at: &Path, size: &str) {
    std::fs::create_dir_all(at).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"])
        .arg(at)
        .status()
        .unwrap();
    assert!(mounted.success());
}

fn may_mount(flags: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let tried = Command::new("unshare")
        .args([flags, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(folder.path())
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}
