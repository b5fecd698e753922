//! Writes JSON the way Xero does: CRLF pretty print, money with two decimals, and
//! `\/Date(…)\/` with escaped slashes. The control surface uses the compact style.

use std::io::Write as _;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use super::date;
use super::json::Json;

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Pretty,
    Compact,
}

/// A streaming writer of one JSON document.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    style: Style,
    depth: usize,
    first: bool,
}

impl Writer {
    /// Xero's layout: two spaces, CRLF.
    pub fn pretty() -> Self {
        Self {
            out: Vec::with_capacity(1024),
            style: Style::Pretty,
            depth: 0,
            first: true,
        }
    }

    /// No white space.
    pub fn compact() -> Self {
        Self {
            out: Vec::with_capacity(256),
            style: Style::Compact,
            depth: 0,
            first: true,
        }
    }

    /// The finished document.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// An object, as the document itself or as an element of a list.
    pub fn object(&mut self, body: impl FnOnce(&mut Self)) {
        self.element();
        self.group(b'{', b'}', body);
    }

    /// A list as the document itself.
    pub fn array(&mut self, body: impl FnOnce(&mut Self)) {
        self.element();
        self.group(b'[', b']', body);
    }

    /// An object under a key.
    pub fn nested(&mut self, key: &str, body: impl FnOnce(&mut Self)) {
        self.key(key);
        self.group(b'{', b'}', body);
    }

    /// A list under a key.
    pub fn list(&mut self, key: &str, body: impl FnOnce(&mut Self)) {
        self.key(key);
        self.group(b'[', b']', body);
    }

    /// An empty list under a key.
    pub fn empty_list(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"[]");
    }

    /// A string.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    /// A string when there is one; nothing otherwise (Xero never writes `null`).
    pub fn maybe_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// `null`, which only `/connect/token`-era answers and the control surface use.
    pub fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    /// A GUID.
    pub fn id(&mut self, key: &str, value: Uuid) {
        self.key(key);
        self.put(format_args!("\"{value}\""));
    }

    /// A boolean.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A whole number.
    pub fn integer(&mut self, key: &str, value: i64) {
        self.key(key);
        self.put(format_args!("{value}"));
    }

    /// Money: two decimals, halves away from zero.
    pub fn money(&mut self, key: &str, value: Decimal) {
        self.number(key, value, 2);
    }

    /// A number with exactly this many decimals.
    pub fn number(&mut self, key: &str, value: Decimal, places: u32) {
        let mut fixed = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        fixed.rescale(places);
        self.key(key);
        self.put(format_args!("{fixed}"));
    }

    /// A time stamp: `\/Date(ms+0000)\/`.
    pub fn stamp(&mut self, key: &str, value_ms: i64) {
        self.key(key);
        self.put(format_args!("\"\\/Date({value_ms}+0000)\\/\""));
    }

    /// A time stamp without offset: `\/Date(ms)\/`.
    pub fn bare_stamp(&mut self, key: &str, value_ms: i64) {
        self.key(key);
        self.put(format_args!("\"\\/Date({value_ms})\\/\""));
    }

    /// A calendar date as midnight UTC.
    pub fn day(&mut self, key: &str, value: NaiveDate) {
        self.stamp(key, date::midnight_ms(value));
    }

    /// A calendar date as text without zone, `2026-04-16T00:00:00`.
    pub fn day_text(&mut self, key: &str, value: NaiveDate) {
        self.key(key);
        self.put(format_args!("\"{value}T00:00:00\""));
    }

    /// A value somebody sent, as they sent it.
    pub fn json(&mut self, key: &str, value: &Json) {
        self.key(key);
        self.value(value);
    }

    /// All keys of an object somebody sent, in their order, except the named ones.
    pub fn echo(&mut self, map: &Json, except: &[&str]) {
        let Json::Map(pairs) = map else { return };
        for (key, value) in pairs {
            let skipped = except.iter().any(|name| name.eq_ignore_ascii_case(key));
            if !skipped && !matches!(value, Json::Null) {
                self.json(key, value);
            }
        }
    }

    /// A string as an element of a list.
    pub fn string_element(&mut self, value: &str) {
        self.element();
        self.string(value);
    }

    /// A value somebody sent, as an element of a list.
    pub fn json_element(&mut self, value: &Json) {
        self.element();
        self.value(value);
    }

    fn value(&mut self, value: &Json) {
        match value {
            Json::Null => self.out.extend_from_slice(b"null"),
            Json::Flag(true) => self.out.extend_from_slice(b"true"),
            Json::Flag(false) => self.out.extend_from_slice(b"false"),
            Json::Number(number) => self.out.extend_from_slice(number.as_bytes()),
            Json::Text(text) => self.string(text),
            Json::List(items) => self.group(b'[', b']', |writer| {
                for item in items {
                    writer.element();
                    writer.value(item);
                }
            }),
            Json::Map(_) => self.group(b'{', b'}', |writer| writer.echo(value, &[])),
        }
    }

    fn group(&mut self, open: u8, close: u8, body: impl FnOnce(&mut Self)) {
        self.out.push(open);
        self.depth = self.depth.saturating_add(1);
        self.first = true;
        body(self);
        self.depth = self.depth.saturating_sub(1);
        if !self.first {
            self.line();
        }
        self.first = false;
        self.out.push(close);
    }

    fn element(&mut self) {
        if self.depth == 0 {
            return;
        }
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.line();
    }

    fn key(&mut self, key: &str) {
        self.element();
        self.string(key);
        self.out
            .extend_from_slice(if self.style == Style::Pretty { b": " } else { b":" });
    }

    fn line(&mut self) {
        if self.style == Style::Pretty {
            self.out.extend_from_slice(b"\r\n");
            for _ in 0..self.depth {
                self.out.extend_from_slice(b"  ");
            }
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                0..=0x1f => self.put(format_args!("\\u{byte:04x}")),
                _ => self.out.push(byte),
            }
        }
        self.out.push(b'"');
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a Vec cannot fail.
        if self.out.write_fmt(text).is_err() {
            self.out.clear();
        }
    }
}
