//! A deterministic simulation of one tenant in one thread under virtual time: the machine, the
//! store in memory, the sandbox as Xero, and a shell that plays the actor. Each seed has a part with
//! faults everywhere and a part without, in which everything must settle.
//!
//! [`disk`] is about the store alone, on real files.
//!
//! `PROOF_SEED=n` plays one seed, `PROOF_SEEDS=n` that many, `PROOF_FROM=n` starts there.

#[cfg(test)]
mod actor;
#[cfg(test)]
mod back;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod directed;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod draft;
#[cfg(test)]
mod draw;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod flight;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod grid;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod lag;
#[cfg(test)]
#[cfg(feature = "mutations")]
mod mutations;
#[cfg(test)]
mod nth;
#[cfg(test)]
mod play;
#[cfg(test)]
mod promise;
#[cfg(test)]
mod rare;
#[cfg(test)]
#[cfg(feature = "mutations")]
mod rules;
#[cfg(test)]
#[path = "../judges/schema/mod.rs"]
mod schema;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod shrink;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod story;
#[cfg(test)]
mod strike;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod witness;
