//! Pages that shift while they are read: every reader by ascending pages loses a record then.

use std::collections::BTreeSet;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{ConfigFile, Daemon, House, Paging, Sandbox, scans, until};

/// Two pages of the size we ask for; more take a second for each fifty, at Xero's 60 calls a minute.
const INVOICES: usize = 1_050;
const BEFORE: &str = "20.00";
const MEANWHILE: &str = "30.00";

#[test]
fn edits_between_the_pages_of_a_scan_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start_with(&["--empty"]);
    let config = ConfigFile::new(folder.path(), &sandbox);
    let mut house = House::of(folder, sandbox, config);
    let (theirs, ours) = (house.theirs().to_owned(), house.ours().to_owned());
    let at = |sandbox| Paging {
        sandbox,
        theirs: &theirs,
    };
    at(&house.sandbox).link(&house.daemon.api, &ours, INVOICES, 1);
    house.daemon.process.signal(Signal::TERM);
    house.daemon.process.wait(60);

    // While the daemon is down all are edited, and more are between the pages it will read: each of
    // these moves to the end, and what follows it moves up, some of it into another page.
    at(&house.sandbox).edit(0..INVOICES, BEFORE);
    let meanwhile = [(1, vec![0, 1, 2, 5, 1_001, 1_002]), (2, vec![3, 4, 6, 1_003])];
    for (calls, numbers) in &meanwhile {
        for nth in numbers {
            at(&house.sandbox).edit_after(*calls, *nth, MEANWHILE);
        }
    }
    let since = house.sandbox.latest_seq();
    house.config = house.config.clone().set("pull.invoices_every", "2s");
    house.daemon = Daemon::start(&house.config);
    let api = house.daemon.api.clone();
    until(60, "a scan to be complete", || (scans(&api) >= 1).then_some(()));

    let edited = meanwhile.iter().flat_map(|(_, numbers)| numbers);
    let edited: BTreeSet<String> = edited.map(|nth| Paging::number(*nth)).collect();
    let differing = at(&house.sandbox).differing(&api, &ours);
    let lost: Vec<&String> = differing.difference(&edited).collect();
    assert!(
        lost.is_empty(),
        "{} lost after one scan, such as {:?}",
        lost.len(),
        lost[0]
    );
    at(&house.sandbox).assert_all_edited();
    until(30, "what was edited meanwhile to be here", || {
        at(&house.sandbox).differing(&api, &ours).is_empty().then_some(())
    });
    let calls = house.sandbox.calls_since(since);
    let pages: Vec<&str> = calls
        .iter()
        .filter(|call| call["path"] == "/api.xro/2.0/Invoices")
        .filter_map(|call| call["query"].as_str()?.split("&page=").nth(1)?.split('&').next())
        .take(3)
        .collect();
    assert_eq!(pages, ["1", "2", "1"], "the scan had two pages");
    house.sandbox.assert_no_violations();
}
