use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::daemon::{Setting, alone, alone_in, run_into};
use crate::cli::args::Cli;
use crate::cli::control::{Address, demo_data_dir};

#[test]
fn the_arguments_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn programs_are_started_with_their_arguments_and_end_the_process() {
    assert_eq!(alone(&["serve", "--config", "/etc/c.toml"]).code, 40);
    assert_eq!(alone(&["demo", "--port", "0", "--json"]).code, 41);
    assert_eq!(alone(&["sandbox", "--empty", "--history", "world"]).code, 42);
    assert_eq!(alone(&["store", "rescue", "--to", "/new", "--json"]).code, 43);
}

#[test]
fn every_help_starts_with_examples() {
    let mut commands = vec![Cli::command()];
    while let Some(command) = commands.pop() {
        let is_group = command.has_subcommands();
        commands.extend(
            command
                .get_subcommands()
                .filter(|sub| sub.get_name() != "help")
                .cloned(),
        );
        let own = command.get_before_help().map(ToString::to_string);
        if is_group {
            assert!(
                own.is_some_and(|own| own.starts_with("Examples:")),
                "{}",
                command.get_name()
            );
        }
    }
    let help = alone(&["invoices", "link", "--help"]).out;
    assert!(help.contains(r#"{"links":[{"host_ref","#), "{help}");
    let help = alone(&["invoices", "put", "--help"]);
    assert_eq!(help.code, 0);
    assert!(
        help.out.starts_with("Examples:\n  counterfoil invoices put"),
        "{}",
        help.out
    );
    assert!(
        alone(&["--help"])
            .out
            .contains("   8  still running when waiting ended")
    );
}

#[test]
fn mistakes_end_with_2_and_help_on_standard_error() {
    let rows: [&[&str]; 9] = [
        &["nonsense"],
        &[],
        &["status", "--json", "--jsonl"],
        &["status", "--timeout", "soon"],
        &["status", "--addr", "https://example.org"],
        &["invoices", "list", "--state", "red"],
        &["mappings", "list", "colours"],
        &["events", "tail", "-n", "5", "--cursor", "x"],
        &["invoices", "sync"],
    ];
    for words in rows {
        let printed = alone(words);
        assert_eq!((printed.code, printed.out.as_str()), (2, ""), "{words:?}");
        assert!(!printed.err.is_empty(), "{words:?}");
    }
}

#[test]
fn options_of_every_command_are_taken_anywhere() {
    let wait = |words: &[&str]| {
        let words = std::iter::once("counterfoil").chain(words.iter().copied());
        Cli::try_parse_from(words).expect("arguments").globals.wait
    };
    assert_eq!(wait(&["status"]), None);
    assert_eq!(wait(&["invoices", "sync", "--wait", "A"]), Some(Duration::from_mins(1)));
    assert_eq!(
        wait(&["--wait=90", "invoices", "sync", "A"]),
        Some(Duration::from_secs(90))
    );
    assert_eq!(
        wait(&["invoices", "sync", "A", "--wait=5m"]),
        Some(Duration::from_mins(5))
    );
}

#[test]
fn addresses_are_read() {
    let rows = [
        ("http://127.0.0.1:7626", Some("http://127.0.0.1:7626")),
        ("http://localhost/", Some("http://localhost:7626")),
        ("localhost:80", Some("http://localhost:80")),
        ("http://[::1]:9", Some("http://[::1]:9")),
        ("[::1]", Some("http://[::1]:7626")),
        ("unix:/run/c.sock", Some("unix:/run/c.sock")),
        ("unix:///run/c.sock", Some("unix:/run/c.sock")),
        ("/run/c.sock", Some("unix:/run/c.sock")),
        ("https://localhost", None),
        ("unix:", None),
        ("http://a b", None),
        ("http://host/path", None),
        ("host:0", None),
        ("host:99999", None),
        ("user@host:1", None),
        ("", None),
    ];
    for (text, shown) in rows {
        let read = text.parse::<Address>().ok().map(|address| address.to_string());
        assert_eq!(read.as_deref(), shown, "{text}");
    }
}

#[test]
fn the_demo_keeps_its_data_below_the_users_home() {
    let dir = |pairs: &[(&str, &str)]| {
        demo_data_dir(
            &pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    };
    assert_eq!(
        dir(&[("HOME", "/h")]).as_deref(),
        Some(Path::new("/h/.local/state/counterfoil/demo"))
    );
    assert_eq!(
        dir(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).as_deref(),
        Some(Path::new("/s/counterfoil/demo"))
    );
    assert_eq!(dir(&[("HOME", "relative")]), None);
}

#[test]
fn reasons_are_explained_without_a_daemon() {
    let printed = alone(&["explain", "Unmapped-nominal-code"]);
    assert_eq!(printed.code, 0);
    assert!(printed.out.starts_with("# Unmapped nominal code\n"), "{}", printed.out);
    let printed = alone(&["explain", "unmaped_nominal_code"]);
    assert_eq!(printed.code, 4);
    assert_eq!(
        printed.err,
        "error: There is no reason \"unmaped_nominal_code\"\n  why: did you mean unmapped_nominal_code?\n  fix: counterfoil explain unmapped_nominal_code\n"
    );
    assert!(
        alone(&["explain"])
            .out
            .contains("Contact collision - manual mapping required")
    );
    assert_eq!(
        alone(&["explain", "--jsonl"]).out.lines().count(),
        crate::model::reason::ReasonCode::ALL.len() + crate::model::problem::ProblemCode::ALL.len()
    );
}

#[test]
fn a_bad_configuration_ends_with_2_naming_every_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[xero]\nclient_idd = \"x\"\n[sync]\nbatch_max = 0\n").expect("a file");
    let path = file.to_str().expect("text");
    let printed = alone(&["config", "check", "--config", path]);
    assert_eq!((printed.code, printed.out.as_str()), (2, ""));
    for key in ["xero.client_idd", "sync.batch_max", "xero.client_id: is not set"] {
        assert!(printed.err.contains(key), "{key}: {}", printed.err);
    }
    let printed = alone(&["config", "check", "--config", path, "--json"]);
    let value: serde_json::Value = serde_json::from_str(&printed.out).expect("JSON");
    assert_eq!((printed.code, &value["ok"]), (2, &serde_json::json!(false)));
    assert_eq!(alone(&["config", "reload", "--config", path]).code, 2);
}

#[test]
fn a_good_configuration_ends_with_0_and_a_reload_takes_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.toml");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret").expect("a file");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    let text = format!(
        "[xero]\nclient_id = \"x\"\nclient_secret_file = \"{}\"\n[store]\npath = \"/var/lib/c\"\n",
        secret.display()
    );
    std::fs::write(&file, text).expect("a file");
    let path = file.to_str().expect("text");
    let printed = alone(&["config", "check", "--config", path]);
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    assert_eq!(printed.out, format!("{path} is a valid configuration.\n"));
    let printed = alone(&["config", "reload", "--config", path]);
    assert_eq!(printed.code, 1);
    assert!(printed.err.contains("systemctl reload counterfoil"), "{}", printed.err);
}

struct Closed(io::ErrorKind);

impl Write for Closed {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_quietly_and_a_full_disk_does_not() {
    let rows = [
        (io::ErrorKind::BrokenPipe, 0, false),
        (io::ErrorKind::StorageFull, 1, true),
    ];
    for (kind, code, is_told) in rows {
        let mut err = Vec::new();
        let ended = run_into(&Setting::default(), &["explain"], &mut Closed(kind), &mut err);
        assert_eq!((ended, !err.is_empty()), (code, is_told), "{kind:?}");
    }
}

#[test]
fn quiet_leaves_hints_out_but_not_what_went_wrong() {
    assert!(
        alone(&["explain", "nothing_like_it", "--quiet"])
            .err
            .starts_with("error: ")
    );
    let printed = alone_in(&Setting::default(), &["explain", "nothing_like_it", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&printed.err).expect("JSON");
    assert_eq!(value["code"], "reason_not_found");
}
