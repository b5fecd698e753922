//! Splits a `where` clause into tokens.

use rust_decimal::Decimal;

use super::clause::QueryError;

/// One token of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A dotted path or a word.
    Word(String),
    /// A quoted string.
    Text(String),
    /// A number.
    Number(Decimal),
    /// `==`, `=`, `!=`, `<`, `<=`, `>`, `>=`, `&&`, `||`, `!`.
    Sign(&'static str),
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `,`.
    Comma,
}

const SIGNS: [&str; 11] = ["==", "!=", "<>", "<=", ">=", "&&", "||", "<", ">", "=", "!"];

/// All tokens of a clause.
///
/// # Errors
/// On an unterminated string or a character that no token starts with.
pub fn tokens(clause: &str) -> Result<Vec<Token>, QueryError> {
    let mut rest = clause.trim_start();
    let mut out = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, skip(rest, 1)),
            ')' => (Token::Close, skip(rest, 1)),
            ',' => (Token::Comma, skip(rest, 1)),
            '"' => quoted(rest)?,
            '0'..='9' | '-' => number(rest)?,
            'a'..='z' | 'A'..='Z' | '_' | '.' => word(rest),
            _ => sign(rest)?,
        };
        out.push(token);
        rest = after.trim_start();
    }
    Ok(out)
}

fn skip(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

fn quoted(text: &str) -> Result<(Token, &str), QueryError> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = chars.next() {
        match character {
            '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                out.push('"');
                chars.next();
            }
            '"' => return Ok((Token::Text(out), skip(text, at.saturating_add(1)))),
            '\\' if chars.peek().is_some_and(|(_, next)| matches!(next, '"' | '\\')) => {
                out.extend(chars.next().map(|(_, escaped)| escaped));
            }
            _ => out.push(character),
        }
    }
    Err(QueryError("Unterminated string literal".to_owned()))
}

fn number(text: &str) -> Result<(Token, &str), QueryError> {
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, character)| !character.is_ascii_digit() && *character != '.')
        .map_or(text.len(), |(at, _)| at);
    let digits = text.get(..end).unwrap_or_default();
    let value = Decimal::from_str_exact(digits).map_err(|_| QueryError(format!("Invalid number '{digits}'")))?;
    // Real, decimal and long suffixes mean nothing here.
    let after = skip(text, end);
    let after = after.strip_prefix(['m', 'M', 'd', 'D', 'f', 'F', 'L']).unwrap_or(after);
    Ok((Token::Number(value), after))
}

fn word(text: &str) -> (Token, &str) {
    let end = text
        .char_indices()
        .find(|(_, character)| !character.is_ascii_alphanumeric() && !matches!(character, '_' | '.'))
        .map_or(text.len(), |(at, _)| at);
    (
        Token::Word(text.get(..end).unwrap_or_default().to_owned()),
        skip(text, end),
    )
}

fn sign(text: &str) -> Result<(Token, &str), QueryError> {
    SIGNS
        .into_iter()
        .find(|sign| text.starts_with(sign))
        .map(|sign| (Token::Sign(sign), skip(text, sign.len())))
        .ok_or_else(|| {
            let character = text.chars().next().unwrap_or_default();
            QueryError(format!("Syntax error '{character}'"))
        })
}
