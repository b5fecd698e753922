//! Tables of files and variables, and what is said about them.

mod diff;
mod load;
mod nearest;
