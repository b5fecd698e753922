//! Reads over the store in memory and on disk.

mod damage;
mod feed;
mod gaps;
mod lists;
mod single;
mod view;
mod world;
