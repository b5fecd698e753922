//! The program as a child process: its lines are kept, and it never outlives its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};

use super::wait::until;

/// Lines shown when a test fails.
const TAIL_LINES: usize = 40;

/// What a child wrote so far.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// All of them.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// The first one that holds all these words.
    pub fn having(&self, words: &[&str]) -> Option<String> {
        self.all()
            .into_iter()
            .find(|line| words.iter().all(|word| line.contains(word)))
    }
}

/// A running program.
pub struct Process {
    /// What it is called in messages.
    name: String,
    child: Child,
    /// Standard output.
    pub out: Lines,
    /// Standard error: the log.
    pub log: Lines,
    readers: Vec<JoinHandle<()>>,
    errors_are_expected: bool,
    /// How it ended, when it was not ended by its drop.
    end: String,
}

impl Process {
    /// Starts `counterfoil` with these arguments and nothing of this process's own settings.
    pub fn start(name: &str, args: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_under(name, &[], args, variables)
    }

    /// The same, by a program that becomes `counterfoil`, such as `unshare`.
    pub fn start_under(name: &str, starter: &[&str], args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = command(starter, args, variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, log) = (Lines::default(), Lines::default());
        let readers = vec![
            keep(child.stdout.take().unwrap(), &out),
            keep(child.stderr.take().unwrap(), &log),
        ];
        Self {
            name: name.to_owned(),
            child,
            out,
            log,
            readers,
            errors_are_expected: false,
            end: "it was running".to_owned(),
        }
    }

    /// Lets lines of level ERROR be.
    pub fn expect_errors(&mut self) {
        self.errors_are_expected = true;
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it without any warning, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.read_to_end();
    }

    /// Waits for its end.
    pub fn wait(&mut self, seconds: u64) -> ExitStatus {
        let name = self.name.clone();
        let status = until(seconds, &format!("the end of {name}"), || {
            self.child.try_wait().unwrap()
        });
        self.read_to_end();
        status
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn read_to_end(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
    }

    fn tell(&self) {
        let lines = self.log.all();
        let from = lines.len().saturating_sub(TAIL_LINES);
        eprintln!("--- the last lines of {} ({}):", self.name, self.end);
        for line in lines.iter().skip(from) {
            eprintln!("{line}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        match self.child.try_wait().unwrap() {
            Some(status) => {
                self.end = format!("it had ended: {status}");
                self.read_to_end();
            }
            None => self.kill(),
        }
        let errors: Vec<String> = self
            .log
            .all()
            .into_iter()
            .filter(|line| line.contains(" ERROR ") || line.contains("panicked at"))
            .collect();
        if thread::panicking() {
            self.tell();
        } else if !self.errors_are_expected {
            assert!(errors.is_empty(), "{} logged errors: {errors:#?}", self.name);
        }
    }
}

/// What a program that ends by itself left behind.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs `counterfoil` to its end, with this on its standard input.
pub fn run_program(args: &[&str], variables: &[(&str, &str)], input: &str) -> Ended {
    let mut child = command(&[], args, variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that does not read its input may be gone before all of it is written.
    let _unread_is_fine = stdin.write_all(input.as_bytes());
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    Ended {
        code: ended.status.code().unwrap_or(-1),
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
    }
}

fn command(starter: &[&str], args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut words = [starter, &[env!("CARGO_BIN_EXE_counterfoil")], args]
        .concat()
        .into_iter();
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    for (name, _) in std::env::vars() {
        if name.starts_with("COUNTERFOIL") || name == "NOTIFY_SOCKET" || name == "CREDENTIALS_DIRECTORY" {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied());
    command
}

fn keep(pipe: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = lines.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).into_owned();
            lines.0.lock().unwrap().push(line);
        }
    })
}
