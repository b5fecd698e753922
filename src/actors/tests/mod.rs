mod barrier;
mod connecting;
mod draining;
mod faults;
mod many;
mod order;
mod world;
