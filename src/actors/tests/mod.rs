mod barrier;
mod connecting;
mod draining;
mod faults;
mod long;
mod many;
mod order;
mod world;
