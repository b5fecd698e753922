//! Which rows are measured, in which order, and what becomes of their figures.

use std::process::ExitCode;

use crate::figure::Figure;
use crate::machine::{Machine, load_average};
use crate::{budget, calls, clock, hooks, lost, page, peers, push, restart, sandbox, tenants, writes};

/// A row of the page.
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// How it is measured.
    pub how: &'static str,
    /// Measures it.
    pub measure: fn() -> Vec<Figure>,
}

static ROWS: [Row; 9] = [
    push::ROW,
    hooks::ROW,
    budget::ROW,
    calls::ROW,
    lost::ROW,
    writes::ROW,
    tenants::ROW,
    restart::ROW,
    sandbox::ROW,
];

/// A row that was measured.
pub struct Measured {
    /// The row.
    pub row: &'static Row,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Load of the machine when it began, over a minute.
    pub load: String,
    /// How long it took, in whole seconds.
    pub seconds: u64,
}

/// Measures the rows that are named, or all of them and writes the page.
pub fn run(args: impl Iterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.collect();
    // `cargo bench` adds this; `cargo test --benches` does not, and must not wait for minutes.
    if !args.iter().any(|arg| arg == "--bench") {
        println!("these are measurements of minutes: run `cargo bench`, or `cargo bench -- ROW…`");
        return ExitCode::SUCCESS;
    }
    // It needs programs that `tests/bench/peers/run` installs, and writes a section of its own.
    if args.iter().any(|arg| arg == "peers") {
        return peers::run();
    }
    let names: Vec<&String> = args.iter().filter(|arg| *arg != "--bench").collect();
    if let Some(unknown) = names.iter().find(|name| ROWS.iter().all(|row| row.name != **name)) {
        let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        eprintln!("no row \"{unknown}\"; there are: {}", known.join(", "));
        return ExitCode::from(2);
    }
    let machine = Machine::look();
    let mut measured = Vec::new();
    for row in &ROWS {
        if !names.is_empty() && names.iter().all(|name| *name != row.name) {
            continue;
        }
        measured.push(measure(row));
    }
    if names.is_empty() {
        let path = page::write(&machine, &measured);
        println!("wrote {}", path.display());
    } else {
        println!("some rows only: docs/benchmarks.md stays as it is");
    }
    ExitCode::SUCCESS
}

fn measure(row: &'static Row) -> Measured {
    let load = load_average();
    println!("── {} (load {load})", row.name);
    let began = clock::now();
    let figures = (row.measure)();
    for figure in &figures {
        println!("   {}", figure.line());
    }
    let seconds = began.elapsed().as_secs();
    println!("── {}: {seconds} s", row.name);
    Measured {
        row,
        figures,
        load,
        seconds,
    }
}
