//! Tables for the parts a machine is made of.

mod apart;
mod badge;
mod breaker;
mod budget;
mod compare;
mod connection;
mod desired;
mod hooks;
mod money;
mod night;
mod refusal;
mod samples;
mod sweep;
mod take;
mod variance;
