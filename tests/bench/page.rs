//! The page `docs/benchmarks.md`, written as a whole.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::figure::Figure;
use crate::machine::{Machine, load_average};
use crate::run::Measured;

const INTRODUCTION: &str = "\
# Benchmarks

`cargo bench` measures every row below and writes this page as a whole; what is changed by hand is gone after the next run. One row:
`cargo bench -- push` (prints it, and leaves the page as it is).

Daemon and sandbox are two processes of the release build that talk over loopback, with the settings that are shipped unless a row says
otherwise. A goal that is missed stands here as a MISS. Times depend on the machine; where something was measured beside a figure, in the
same run, its ratio depends on it less.
";

const ABSENT: &str = "\
## Not here

* \"02:00 for all 10,000 organisations within the app's limit\": the nightly check is spread, and nothing here plays a night of so many.
* Other programs are not run by this command, but by `tests/bench/peers/run`, which leaves the other rows as they are. Where a row above
  names one, its figure was measured on our sandbox before, by hand.
";

/// Around the section of the other programs.
const PEERS: (&str, &str) = ("<!-- peers: begin -->\n", "<!-- peers: end -->\n");

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md")
}

/// Writes the page but for the section of the other programs, which stays as it is. Returns where.
pub fn write(machine: &Machine, measured: &[Measured]) -> PathBuf {
    let peers = kept(&fs::read_to_string(place()).unwrap_or_default());
    fs::write(place(), text(machine, measured, &peers)).unwrap();
    place()
}

/// Writes the section of the other programs, and leaves the rest as it is. Returns where.
pub fn write_peers(section: &str) -> PathBuf {
    let page = fs::read_to_string(place()).unwrap();
    let section = format!("{}{section}{}\n", PEERS.0, PEERS.1);
    let page = match kept(&page) {
        before if before.is_empty() => page.replace("## Not here\n", &format!("{section}## Not here\n")),
        before => page.replace(&before, &section),
    };
    assert!(page.contains(&section), "the page has no place for the section");
    fs::write(place(), page).unwrap();
    place()
}

/// The section with its marks; empty when there is none.
fn kept(page: &str) -> String {
    let inside = page.split_once(PEERS.0).and_then(|(_, rest)| rest.split_once(PEERS.1));
    inside.map_or_else(String::new, |(inside, _)| format!("{}{inside}{}\n", PEERS.0, PEERS.1))
}

fn text(machine: &Machine, measured: &[Measured], peers: &str) -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n## The run\n\n| | |\n| --- | --- |\n");
    for (name, value) in &machine.0 {
        line(&mut page, &[name, value]);
    }
    line(&mut page, &["Load when it ended", &load_average()]);
    let seconds: u64 = measured.iter().map(|row| row.seconds).sum();
    line(
        &mut page,
        &["Took", &format!("{} min {} s", seconds / 60, seconds % 60)],
    );
    line(&mut page, &["Command", "`cargo bench`"]);
    page.push_str("\n## Goals\n\n| Row | What | Figure | Goal | |\n| --- | --- | --- | --- | --- |\n");
    for row in measured {
        for figure in &row.figures {
            if let Some((goal, _)) = &figure.goal {
                let name = format!("`{}`", row.row.name);
                line(
                    &mut page,
                    &[&name, &figure.what, &figure.figure, goal, figure.verdict()],
                );
            }
        }
    }
    for row in measured {
        section(&mut page, row);
    }
    page.push('\n');
    page.push_str(peers);
    page.push_str(ABSENT);
    page
}

fn section(page: &mut String, measured: &Measured) {
    let Measured {
        row,
        figures,
        load,
        seconds,
    } = measured;
    let how = wrap(row.how, 140);
    write!(page, "\n## {}\n\n{how}\n\n", row.title).unwrap();
    page.push_str("| What | Figure | Goal | | Beside it, in the same run |\n| --- | --- | --- | --- | --- |\n");
    for figure in figures {
        let Figure {
            what,
            figure: number,
            goal,
            beside,
        } = figure;
        let goal = goal.as_ref().map_or("", |(goal, _)| goal);
        let beside = beside.as_deref().unwrap_or_default();
        line(page, &[what, number, goal, figure.verdict(), beside]);
    }
    write!(page, "\nRow `{}`: {seconds} s, load {load} when it began.\n", row.name).unwrap();
}

/// A row of a table.
pub fn line(page: &mut String, cells: &[&str]) {
    page.push('|');
    for cell in cells {
        write!(page, " {cell} |").unwrap();
    }
    page.push('\n');
}

/// Breaks a text into lines of at most so many characters.
pub fn wrap(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}
