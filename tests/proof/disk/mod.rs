//! The store on real files under everything that disks, kernels and people do to them. What was
//! acknowledged is known from outside; the store must open with all of it, or say by name that it
//! cannot.
//!
//! A plain run takes every so-manieth place. `PROOF_DISK=all` with `--release` takes every byte.

#![expect(clippy::as_conversions, reason = "small known numbers")]

mod copies;
mod formats;
mod index;
mod journal;
mod ledger;
mod poison;
mod power;
mod scene;
mod sync;
