//! Measures all programs and writes their section of the page.

use std::fmt::Write;
use std::process::ExitCode;

use super::ours::{INVOICES, LINES, Ours};
use super::reading::{Reading, count_of};
use super::{drift, reading, reply};
use crate::machine::{Machine, load_average};
use crate::page;

const READING: &str = "One sandbox process, one organisation with INVOICES approved sales invoices of LINES lines, its limits raised so that \
     none binds; one program after the other reads all of them. Time is from the start of the program's process to its end, memory the most \
     that was resident, calls what arrived at the sandbox; of three runs the one with the middle time (no further run after one of more than \
     40 s, of two runs the faster one, and an end after 180 s). Ours is the release build with the settings that are shipped, and it does \
     more: all invoices are linked to documents of a host, which were pushed before; while the daemon is down somebody in Xero gives every \
     one of them another price; then it starts, and its time ends when all of them are durable in its store with the variance each now has \
     and two events for the host. The others write JSON to a file, dlt a duckdb file. Lost is what was not given out, and with us every \
     invoice whose total differs from Xero's.";

const DRIFT: &str = "Two pages and a half of invoices, in pages of the program's own size. Right after page 1 was answered somebody edits its \
     sixth invoice: it moves to the end of Xero's order, and the first one of page 2 moves into page 1, which was read. Then the program \
     reads once more from the state it kept.";

const REPLY: &str = "One call makes one bill; Xero makes it, and the connection breaks before the answer.";

/// Measures them, and writes the section.
pub fn run() -> ExitCode {
    let machine = Machine::look();
    println!("── drift");
    let drift = drift::measure();
    println!("── reply");
    let reply = reply::measure();
    println!("── reading");
    let ours = Ours::open();
    let load = load_average();
    let reading = reading::measure(&ours);
    let text = text(&machine, &load, &reading, &drift, &reply);
    println!("wrote {}", page::write_peers(&text).display());
    ExitCode::SUCCESS
}

fn text(machine: &Machine, load: &str, reading: &Reading, drift: &[Vec<String>], reply: &[Vec<String>]) -> String {
    let mut text = String::from(
        "\n## Beside other programs\n\n`tests/bench/peers/run` installs them, measures and writes this section.\n\n",
    );
    table(&mut text, &["", ""], &[]);
    for (name, value) in &machine.0 {
        page::line(&mut text, &[name, value]);
    }
    page::line(
        &mut text,
        &[
            "Load when the reading began, and ended",
            &format!("{load}, {}", load_average()),
        ],
    );
    page::line(&mut text, &["Command", "`tests/bench/peers/run`"]);
    let how = READING
        .replace("INVOICES", &count_of(INVOICES))
        .replace("LINES", &count_of(LINES));
    part(&mut text, "Reading 20,000 invoices", &how);
    let head = ["Program", "Time", "Peak memory", "Calls", "Records", "Distinct", "Lost"];
    table(&mut text, &head, &reading.rows);
    text.push('\n');
    for (what, figure, is_met) in &reading.goals {
        let verdict = if *is_met { "pass" } else { "MISS" };
        writeln!(text, "* {what}: {figure}: {verdict}").unwrap();
    }
    part(&mut text, "An edit between two pages", DRIFT);
    let head = [
        "Program",
        "Page",
        "Right after the first read",
        "After the next one",
        "Lost for good",
    ];
    table(&mut text, &head, drift);
    part(&mut text, "A lost answer", REPLY);
    table(&mut text, &["Program", "Bills in Xero", "What its caller sees"], reply);
    text
}

fn part(text: &mut String, title: &str, how: &str) {
    write!(text, "\n### {title}\n\n{}\n\n", page::wrap(how, 140)).unwrap();
}

fn table(text: &mut String, head: &[&str], rows: &[Vec<String>]) {
    page::line(text, head);
    page::line(text, &vec!["---"; head.len()]);
    for row in rows {
        let mut cells: Vec<&str> = row.iter().map(String::as_str).collect();
        cells.resize(head.len().max(cells.len()), "");
        page::line(text, &cells);
    }
}
