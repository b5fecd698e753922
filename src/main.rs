//! The `counterfoil` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use counterfoil::app::clock::RealClock;
use counterfoil::app::programs::RealPrograms;
use counterfoil::cli;

fn main() -> ExitCode {
    match RealClock::new() {
        Ok(clock) => cli::start(&RealPrograms, &clock),
        // Only a kernel without a boot id comes here; nothing can be said that is safer.
        Err(_no_clock) => ExitCode::from(cli::exit::Exit::Failed.code()),
    }
}
