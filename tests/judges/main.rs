//! Judges that were not written by us: Xero's published description of its API, what others
//! recorded of Xero, and a storm of requests that nobody would send.

#[cfg(test)]
mod alike;
#[cfg(test)]
mod asked;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod differences;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod published;
#[cfg(test)]
mod read;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod xml;
