//! What all pages share: escaping, the frame, the style.

use std::fmt::{self, Display, Write as _};

const STYLE: &str = include_str!("style.css");

/// Text between tags or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A whole page; `kind` is the class of its body, `main` its finished HTML.
pub fn frame(title: &str, kind: &str, main: &str) -> String {
    let title = Escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · Xero sandbox</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body class=\"{kind}\">\n<header><p><strong>Xero sandbox</strong> \
         <span>A simulated Xero. Nothing here reaches the real one.</span></p></header>\n\
         <main>\n{main}</main>\n</body>\n</html>\n"
    )
}

/// Writes to the end.
pub(super) fn put(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    if out.write_fmt(text).is_err() {
        out.clear();
    }
}
