//! Figures, on demand: `cargo test --release --lib store::tests::bench -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::Instant;

use super::subject::{Folder, batch, document, put, with_event};
use crate::store::kv::{Pace, Store};
use crate::store::{DiskStore, Lane, StateReport, Upkeep, Writer, WriterOptions};

fn seconds(work: impl FnOnce()) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a measurement")]
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn load(store: &DiskStore, rows: u32) {
    for start in (0..rows).step_by(500) {
        let ops =
            (start..(start + 500).min(rows)).map(|n| put(document((n % 200) as u8, n), vec![(n % 251) as u8; 2000]));
        store.commit(&[batch(ops.collect())]).unwrap();
    }
}

/// `COUNTERFOIL_BENCH_ROWS` rows of 2 KB (default 100,000).
#[test]
#[ignore = "a measurement of minutes"]
fn starts_with_many_rows() {
    let rows = std::env::var("COUNTERFOIL_BENCH_ROWS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let folder = Folder::new();
    let mut options = folder.options();
    options.cache_bytes = 64 << 20;
    let (store, _) = folder.try_open(options.clone()).unwrap();
    println!("load {rows} rows: {:.1} s", seconds(|| load(&store, rows)));
    println!(
        "settle: {:.2} s",
        seconds(|| while store.maintain(Pace::Idle).unwrap() == Upkeep::More {})
    );
    println!("close: {:.2} s", seconds(|| store.close().unwrap()));
    println!("{:?}", store.stats());
    drop(store);
    let mut opened = None;
    println!(
        "open after a clean stop: {:.2} s",
        seconds(|| opened = folder.try_open(options.clone()).ok())
    );
    let (store, report) = opened.unwrap();
    assert_eq!(report.state, StateReport::Trusted);
    let mut page = Vec::new();
    println!(
        "a page of 100: {:.4} s",
        seconds(|| page = store.scan(&crate::store::Scan::forward([1, 7], 100)).unwrap())
    );
    assert_eq!(page.len(), 100);
    drop(store);
    options.boot_id = "boot-2".to_owned();
    println!(
        "open after a power cut: {:.1} s",
        seconds(|| drop(folder.try_open(options.clone()).unwrap()))
    );
    println!(
        "open after a kill: {:.1} s",
        seconds(|| drop(folder.try_open(options.clone()).unwrap()))
    );
}

/// One connection waits for each answer; 64 do not wait for one another.
#[test]
#[ignore = "a measurement of seconds"]
fn group_commit() {
    let folder = Folder::new();
    let mut options = folder.options();
    options.cache_bytes = 64 << 20;
    let store = Arc::new(folder.try_open(options).unwrap().0);
    let writer = Writer::start(store.clone(), WriterOptions::default()).unwrap();
    for connections in [1_u32, 8, 64, 512] {
        let each = 20_000 / connections.max(10);
        let took = seconds(|| {
            std::thread::scope(|scope| {
                for connection in 0..connections {
                    let writer = writer.clone();
                    scope.spawn(move || {
                        for n in 0..each {
                            let key = document(1, connection * each + n);
                            let (sender, receiver) = std::sync::mpsc::channel();
                            let lane = Lane {
                                id: [1; 16],
                                generation: 0,
                            };
                            let ops = vec![put(key, vec![1; 2000])];
                            writer
                                .submit(lane, with_event(ops, "event"), move |done| sender.send(done).unwrap())
                                .unwrap();
                            receiver.recv().unwrap().unwrap();
                        }
                    });
                }
            });
        });
        println!(
            "{connections} connections: {:.0} commits/s",
            f64::from(connections * each) / took
        );
    }
    writer.stop();
    store.close().unwrap();
}
