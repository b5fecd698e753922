//! From arguments to the number given to the shell.

use std::ffi::OsString;
use std::io::{BufReader, Write, stderr, stdin, stdout};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use super::args::{Cli, Command, Globals, StoreCommand};
use super::control::{Address, Client, Trouble, find_token};
use super::exit::Exit;
use super::outside::{Ends, Outside, Programs};
use super::session::{self, Session};
use super::terminal;
use super::words::screen::Stop;
use super::words::{Form, Look, Screen};
use crate::model::time::Clock;

/// Runs what was typed, on this process's own streams and environment.
#[must_use]
pub fn start(programs: &dyn Programs, clock: &dyn Clock) -> ExitCode {
    // A variable that is not UTF-8 is none of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    // Handles, not locks: a program that is started writes to the same streams.
    let outside = Outside {
        programs,
        clock,
        variables,
        input: &mut BufReader::new(stdin()),
        out: &mut stdout(),
        err: &mut stderr(),
        ends: terminal::ends(),
    };
    ExitCode::from(run(std::env::args_os(), outside))
}

/// Runs what was typed; the first of `args` is the name of the program.
pub fn run(args: impl IntoIterator<Item = OsString>, outside: Outside<'_>) -> u8 {
    let cli = match parse(args) {
        Ok(cli) => cli,
        Err(refusal) => return refuse(&refusal, outside),
    };
    let Cli { globals, command } = cli;
    match command {
        Command::Serve(args) => number(outside.programs.serve(args)),
        Command::Demo(mut args) => {
            args.json = globals.json;
            number(outside.programs.demo(args))
        }
        Command::Sandbox(mut args) if args.command.is_none() => {
            args.json = globals.json;
            number(outside.programs.sandbox(args))
        }
        Command::Store(StoreCommand::Rescue(mut args)) => {
            args.json = globals.json;
            number(outside.programs.rescue(args))
        }
        command => converse(globals, command, outside).code(),
    }
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let meanings: Vec<String> = Exit::ALL
        .iter()
        .map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning()))
        .collect();
    let command = Cli::command().after_help(format!("Exit codes:\n{}", meanings.join("\n")));
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Help and version are data; everything else is a mistake.
fn refuse(refusal: &clap::Error, outside: Outside<'_>) -> u8 {
    let is_asked_for = matches!(refusal.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let (stream, is_terminal): (&mut dyn Write, bool) = if is_asked_for {
        (outside.out, outside.ends.out_is_terminal)
    } else {
        (outside.err, outside.ends.err_is_terminal)
    };
    let text = refusal.render();
    let has_colours = is_terminal && !outside.variables.contains_key("NO_COLOR");
    // Who closed the pipe does not want the help.
    let _unseen = if has_colours {
        write!(stream, "{}", text.ansi())
    } else {
        write!(stream, "{text}")
    };
    if is_asked_for {
        Exit::Ok.code()
    } else {
        Exit::Usage.code()
    }
}

/// Asks the daemon, or answers from what is built in.
fn converse(globals: Globals, command: Command, outside: Outside<'_>) -> Exit {
    let look = look(&globals, &outside.variables, outside.ends);
    let mut screen = Screen::new(outside.out, outside.err, look);
    let client = match client(&globals, &outside.variables) {
        Ok(client) => client,
        Err(trouble) => return screen.end(Err(Stop::from(trouble))),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return screen.end(Err(Stop::from(error))),
    };
    let mut session = Session {
        client,
        screen,
        globals,
        clock: outside.clock,
        variables: outside.variables,
        input: outside.input,
        ends: outside.ends,
    };
    let ended = runtime.block_on(session::carry_out(&mut session, command));
    session.screen.end(ended)
}

type Variables = std::collections::BTreeMap<String, String>;

fn client(globals: &Globals, variables: &Variables) -> Result<Client, Trouble> {
    let from_variable = variables
        .get("COUNTERFOIL_ADDR")
        .filter(|text| !text.is_empty())
        .map(|text| {
            text.parse::<Address>()
                .map_err(|error| Trouble::usage("COUNTERFOIL_ADDR is no address").because(error.to_string()))
        });
    let address = match (&globals.addr, from_variable) {
        (Some(address), _) => address.clone(),
        (None, Some(address)) => address?,
        (None, None) => Address::default(),
    };
    let token = find_token(globals.token_file.as_deref(), variables)?;
    Ok(Client::new(address, token, globals.timeout))
}

fn look(globals: &Globals, variables: &Variables, ends: Ends) -> Look {
    let is_set = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
    let has_colours =
        !globals.no_color && !is_set("NO_COLOR") && variables.get("TERM").is_none_or(|term| term != "dumb");
    let from_variable = variables
        .get("COLUMNS")
        .and_then(|text| text.parse().ok())
        .filter(|columns| *columns > 0);
    Look {
        form: match (globals.json, globals.jsonl) {
            (true, _) => Form::Json,
            (false, true) => Form::JsonLines,
            (false, false) => Form::Text,
        },
        width: ends.columns.or(from_variable).filter(|_| ends.out_is_terminal),
        colours: has_colours && ends.out_is_terminal,
        error_colours: has_colours && ends.err_is_terminal,
        is_quiet: globals.quiet,
    }
}

fn number(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(Exit::Failed.code())
}
