//! The `counterfoil` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use counterfoil::app::clock::RealClock;
use counterfoil::app::programs::RealPrograms;
use counterfoil::cli;

fn main() -> ExitCode {
    match RealClock::new() {
        Ok(clock) => cli::start(&RealPrograms, &clock),
        Err(error) => {
            counterfoil::app::programs::complain(&format!(
                "the kernel does not tell its boot id ({error}); is /proc mounted and readable?"
            ));
            ExitCode::from(cli::exit::Exit::Failed.code())
        }
    }
}
