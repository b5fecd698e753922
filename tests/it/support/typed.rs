//! The command line against a running daemon.

use serde_json::Value;

use super::daemon::{Daemon, House};
use super::process::run_program;

/// What a command left behind.
pub struct Ran {
    /// How it ended.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Its output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.out))
    }

    /// It ended so, and said all of this.
    #[track_caller]
    pub fn says(&self, code: i32, words: &[&str]) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        for word in words {
            assert!(all.contains(word), "{word:?} in {all}");
        }
        self
    }
}

impl Daemon {
    /// Types a command.
    pub fn types(&self, args: &[&str]) -> Ran {
        self.types_with_input(args, "")
    }

    /// Types a command that reads this.
    pub fn types_with_input(&self, args: &[&str], input: &str) -> Ran {
        let addr = format!("http://{}", self.api.addr);
        let token_file = self.token_file.display().to_string();
        let variables = [
            ("COUNTERFOIL_ADDR", addr.as_str()),
            ("COUNTERFOIL_TOKEN_FILE", token_file.as_str()),
        ];
        let ended = run_program(args, &variables, input);
        Ran {
            code: ended.code,
            out: ended.out,
            err: ended.err,
        }
    }
}

impl House {
    /// Types a command.
    pub fn types(&self, args: &[&str]) -> Ran {
        self.daemon.types(args)
    }

    /// Types a command that reads this.
    pub fn types_with_input(&self, args: &[&str], input: &str) -> Ran {
        self.daemon.types_with_input(args, input)
    }
}
