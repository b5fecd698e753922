//! The programs that work without asking a daemon, as the command line calls them.

use std::io::Write;

use crate::cli::exit::Exit;
use crate::cli::{DemoArgs, Programs, RescueArgs, SandboxArgs, ServeArgs};

/// The real programs.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealPrograms;

impl Programs for RealPrograms {
    fn serve(&self, args: ServeArgs) -> i32 {
        number(super::serve::serve(args.config))
    }

    fn demo(&self, args: DemoArgs) -> i32 {
        number(super::demo::run(&args))
    }

    fn sandbox(&self, args: SandboxArgs) -> i32 {
        number(super::sandbox::run(&args))
    }

    fn rescue(&self, args: RescueArgs) -> i32 {
        number(super::rescue::run(&args))
    }
}

fn number(exit: Exit) -> i32 {
    i32::from(exit.code())
}

/// Tells a person at the terminal, before there is a log.
pub fn complain(text: &str) {
    // Standard error is the last place there is: if it is closed, nobody listens.
    let _nobody_listens = writeln!(std::io::stderr(), "{text}");
}
