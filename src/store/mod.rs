//! Journal and sled.
