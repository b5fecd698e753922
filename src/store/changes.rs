//! The final row changes of one commit, and how they are written in journal and snapshot.
//!
//! Changes are plain puts and deletes with final values, so doing them again changes nothing.

use std::collections::BTreeMap;

/// Key → new value, `None` for a removed row. In key order, one entry per key.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// One entry of [`Changes`].
pub type Change = (Vec<u8>, Option<Vec<u8>>);

const DELETE: u8 = 0;
const PUT: u8 = 1;

/// Writes changes as `tag | key length | key [| value length | value]`, lengths as `u32` LE.
/// `None` when a length does not fit, which the limits of [`super::keys`] rule out.
#[must_use]
pub fn encode<'a>(changes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (key, value) in changes {
        bytes.push(if value.is_some() { PUT } else { DELETE });
        put_sized(&mut bytes, key)?;
        if let Some(value) = value {
            put_sized(&mut bytes, value)?;
        }
    }
    Some(bytes)
}

/// Reads what [`encode`] wrote, in its order; `None` when it is not that.
#[must_use]
pub fn decode(mut bytes: &[u8]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let (key, rest) = take_sized(rest)?;
        let (value, rest) = match *tag {
            DELETE => (None, rest),
            PUT => take_sized(rest).map(|(value, rest)| (Some(value.to_vec()), rest))?,
            _ => return None,
        };
        changes.push((key.to_vec(), value));
        bytes = rest;
    }
    Some(changes)
}

fn put_sized(bytes: &mut Vec<u8>, part: &[u8]) -> Option<()> {
    bytes.extend_from_slice(&u32::try_from(part.len()).ok()?.to_le_bytes());
    bytes.extend_from_slice(part);
    Some(())
}

fn take_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)
}
