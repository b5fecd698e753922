//! Each rule of the push protocol and of the keyring is broken in turn, and stories are played until a promise
//! breaks: first ordinary ones, as chance makes them, then one that goes where the rule matters.
//!
//! `MUTATION_RULE=name` breaks one rule only, `MUTATION_SEEDS=n` sets how many ordinary stories are
//! played for each. `docs/explanation/how-it-is-proven.md` has the table of the rules.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use counterfoil::model::mutation::{Rule, with_broken};

use super::directed;
use super::grants;
use super::rules::{ROWS, Row, Shown};
use super::shrink::{kind_of, played};
use super::story::Story;

/// Ordinary stories played with a broken rule.
const ORDINARY: u64 = 24;
/// Stories played that lead to the rule.
const DIRECTED: u64 = 40;
/// Stories of a grant.
const GRANTS: u64 = 200;
/// Stories are played on so many threads: a switch is thrown in one of them only.
const THREADS: usize = 2;

/// Which story noticed it, and by what.
struct Notice {
    story: String,
    number: Option<u32>,
    words: String,
}

struct Found {
    rule: Rule,
    row: &'static Row,
    ordinary: Option<u64>,
    directed: Option<u64>,
    notice: Option<Notice>,
    was_asked: bool,
}

#[test]
fn mutations_are_each_noticed_by_the_promise_they_break() {
    std::panic::set_hook(Box::new(|_| {}));
    let only = std::env::var("MUTATION_RULE").ok();
    let is_meant = |rule: &Rule| {
        let is_played = !matches!(row(*rule).shown_by, Shown::Test(..));
        is_played && only.as_ref().is_none_or(|only| *only == format!("{rule:?}"))
    };
    let queue: VecDeque<Rule> = Rule::ALL.iter().copied().filter(is_meant).collect();
    let count = queue.len();
    let queue = Mutex::new(queue);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(rule) = locked(&queue).pop_front() {
                    let noticed = look(rule);
                    locked(&found).push(noticed);
                }
            });
        }
    });
    drop(std::panic::take_hook());
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|found| found.rule);
    tell(&found);
    let by_chance = found.iter().filter(|found| found.ordinary.is_some()).count();
    println!(
        "{} of {count} noticed, {by_chance} of them by one of the first {} ordinary stories",
        found.iter().filter(|found| found.notice.is_some()).count(),
        ordinary_count()
    );
    let missed: Vec<String> = found.iter().filter_map(Found::miss).collect();
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ordinary_count() -> u64 {
    let given = std::env::var("MUTATION_SEEDS").ok();
    given.and_then(|count| count.parse().ok()).unwrap_or(ORDINARY)
}

/// Plays with the rule broken until something breaks.
fn look(rule: Rule) -> Found {
    let mut found = Found {
        rule,
        row: row(rule),
        ordinary: None,
        directed: None,
        notice: None,
        was_asked: false,
    };
    if matches!(found.row.shown_by, Shown::Grant) {
        let mut seeds = 1..=GRANTS;
        found.directed = seeds.find(|seed| found.play(&format!("grant {seed}"), || grants::seeds::violation(*seed)));
        return found;
    }
    for seed in 1..=ordinary_count() {
        if found.play_story(&format!("ordinary {seed}"), &Story::of(seed)) {
            found.ordinary = Some(seed);
            break;
        }
    }
    let Shown::Story(story) = found.row.shown_by else {
        return found;
    };
    for seed in 1..=DIRECTED {
        if found.play_story(&format!("directed {seed}"), &story(seed)) {
            found.directed = Some(seed);
            break;
        }
    }
    found
}

impl Found {
    fn play_story(&mut self, name: &str, story: &Story) -> bool {
        self.play(name, || played(story).broken)
    }

    /// Whether what is played notices the broken rule.
    fn play(&mut self, name: &str, play: impl FnOnce() -> Option<String>) -> bool {
        let (broken, asked) = with_broken(self.rule, play);
        self.was_asked |= asked > 0;
        let Some(broken) = broken else { return false };
        let number = kind_of(&broken).parse().ok();
        let is_expected = number.is_some_and(|number| self.row.noticed_by.contains(&number));
        if self.notice.is_none() || !is_expected {
            let words = broken.split_once("failed: ").map_or(&*broken, |(_, words)| words);
            self.notice = Some(Notice {
                story: name.to_owned(),
                number,
                words: words.lines().next().unwrap_or_default().chars().take(70).collect(),
            });
        }
        true
    }

    /// What is wrong with it as a mutation.
    fn miss(&self) -> Option<String> {
        let Self { rule, row, .. } = self;
        match &self.notice {
            None if self.was_asked => Some(format!("{rule:?}: no story noticed it")),
            None => Some(format!("{rule:?}: no story came to its switch")),
            Some(notice) if !notice.number.is_some_and(|number| row.noticed_by.contains(&number)) => Some(format!(
                "{rule:?}: {} failed with \"{}\", expected {:?}",
                notice.story, notice.words, row.noticed_by
            )),
            Some(_) if self.directed.is_none() => Some(format!("{rule:?}: its own story does not notice it")),
            Some(_) => None,
        }
    }
}

fn tell(found: &[Found]) {
    let seed = |seed: Option<u64>| seed.map_or("–".to_owned(), |seed| seed.to_string());
    println!("{:<20} {:>8} {:>8}  noticed as", "rule", "ordinary", "directed");
    for found in found {
        let words = found.notice.as_ref().map_or("nothing", |notice| &notice.words);
        println!(
            "{:<20} {:>8} {:>8}  {words}",
            format!("{:?}", found.rule),
            seed(found.ordinary),
            seed(found.directed)
        );
    }
}

fn row(rule: Rule) -> &'static Row {
    let row = ROWS.iter().find(|row| row.rule == rule);
    row.unwrap_or_else(|| panic!("{rule:?} has no row"))
}

/// The page about it has just these rules.
#[test]
fn mutations_are_all_on_their_page() {
    let wanted: Vec<String> = Rule::ALL.iter().map(|rule| on_page(*rule)).collect();
    let page = include_str!("../../docs/explanation/how-it-is-proven.md");
    let written: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(written == wanted, "the rows must be:\n{}", wanted.join("\n"));
}

fn on_page(rule: Rule) -> String {
    let row = row(rule);
    let numbers: Vec<String> = row.noticed_by.iter().map(u32::to_string).collect();
    let shown = match row.shown_by {
        Shown::Story(story) => {
            let named = directed::ALL
                .iter()
                .find(|(_, tell)| std::ptr::fn_addr_eq(*tell, story));
            named.expect("a story of the list").0.to_owned()
        }
        Shown::Grant => "a grant".to_owned(),
        Shown::Test(test, _) => format!("`{test}`"),
    };
    format!("| `{rule:?}` | {} | {} | {shown} |", row.words, numbers.join(", "))
}

/// What is shown elsewhere is shown there.
#[test]
fn mutations_outside_of_the_simulation_have_their_test() {
    for rule in Rule::ALL {
        if let Shown::Test(test, source) = row(*rule).shown_by {
            let source: String = source.split_whitespace().collect();
            let is_there = source.contains(&format!("fn{test}("));
            let is_shown = source.contains(&format!("turns_red(Rule::{rule:?},{test})"));
            assert!(is_there && is_shown, "{rule:?}: {test}");
        }
    }
}
