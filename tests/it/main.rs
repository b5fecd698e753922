//! Whole-daemon tests: the real program as child processes, over real sockets, in real time.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod consent_places;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod failed;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod public_listener;
#[cfg(test)]
mod pull;
#[cfg(test)]
mod push;
#[cfg(test)]
mod real_input;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod repair_contacts;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod states;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod xero_client;
