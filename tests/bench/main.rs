//! The figures of `docs/benchmarks.md`. `cargo bench` measures every row and writes the page;
//! `cargo bench -- push restart` measures and prints these rows only.
//!
//! Other programs beside ours: `tests/bench/peers/run`, which ends in `cargo bench -- peers`.
//!
//! Rows that speak of the daemon run the program itself: daemon and sandbox as processes of their
//! own, over loopback, with the settings that are shipped and a data folder on the disk of the
//! build.

#[cfg(test)]
mod budget;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod figure;
#[cfg(test)]
mod grow;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod page;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod place;
#[cfg(test)]
mod push;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod run;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the whole-daemon tests use the rest of it")]
mod support;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod writes;

#[cfg(test)]
fn main() -> std::process::ExitCode {
    run::run(std::env::args().skip(1))
}

#[cfg(not(test))]
fn main() {}
