//! The grammar of `where`: comparisons, `AND`/`OR`, parentheses, `Guid("…")`,
//! `DateTime(y,m,d)`, `.Contains/.StartsWith/.EndsWith("…")`.

use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::fields::{Field, Value};
use super::lexer::{Token, tokens};

/// Nested parentheses beyond this are refused.
const DEPTH_MAX: u32 = 32;

/// A clause Xero cannot read; becomes a 400 `QueryParseException` with this message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(pub String);

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `.Contains`
    Contains,
    /// `.StartsWith`
    StartsWith,
    /// `.EndsWith`
    EndsWith,
}

/// A constant in a clause.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `"…"`
    Text(String),
    /// `12.5`
    Number(rust_decimal::Decimal),
    /// `Guid("…")`
    Id(Uuid),
    /// `DateTime(y,m,d)`, in milliseconds
    Moment(i64),
    /// `true`
    Flag(bool),
    /// `null`
    Null,
}

/// A parsed clause.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// Both hold.
    And(Box<Clause>, Box<Clause>),
    /// One holds.
    Or(Box<Clause>, Box<Clause>),
    /// It does not hold.
    Not(Box<Clause>),
    /// A field against a constant.
    Test(Field, Comparison, Literal),
}

impl Clause {
    /// Parses a clause.
    ///
    /// # Errors
    /// With the message Xero's parser gives.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens,
            at: 0,
            depth: 0,
        };
        let clause = parser.any()?;
        match parser.peek() {
            None => Ok(clause),
            Some(_) => Err(QueryError("Syntax error".to_owned())),
        }
    }
}

impl Literal {
    /// The constant as a value to compare with.
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(*number),
            Self::Id(id) => Value::Id(*id),
            Self::Moment(at_ms) => Value::Moment(*at_ms),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Null => Value::Absent,
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at = self.at.saturating_add(1);
        token
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at = self.at.saturating_add(1);
        }
        found
    }

    fn take_word(&mut self, word: &str, sign: &'static str) -> bool {
        let found = match self.peek() {
            Some(Token::Word(found)) => found.eq_ignore_ascii_case(word),
            Some(Token::Sign(found)) => *found == sign,
            _ => false,
        };
        if found {
            self.at = self.at.saturating_add(1);
        }
        found
    }

    fn any(&mut self) -> Result<Clause, QueryError> {
        let mut left = self.all()?;
        while self.take_word("OR", "||") {
            left = Clause::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Clause, QueryError> {
        let mut left = self.one()?;
        while self.take_word("AND", "&&") {
            left = Clause::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Clause, QueryError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(QueryError("Expression too complex".to_owned()));
        }
        let clause = self.one_inside();
        self.depth = self.depth.saturating_sub(1);
        clause
    }

    fn one_inside(&mut self) -> Result<Clause, QueryError> {
        if self.take_word("NOT", "!") {
            return Ok(Clause::Not(Box::new(self.one()?)));
        }
        if self.take(&Token::Open) {
            let inner = self.any()?;
            return self.closed(inner);
        }
        let Some(Token::Word(path)) = self.next() else {
            return Err(QueryError("Expression expected".to_owned()));
        };
        let path = self.without_case_calls(path)?;
        if let Some((field, method)) = split_method(&path) {
            self.open()?;
            let literal = self.literal()?;
            return self.closed(Clause::Test(Field::named(field)?, method, literal));
        }
        let field = Field::named(&path)?;
        let comparison = match self.peek() {
            Some(Token::Sign(sign)) => comparison(sign)?,
            // A bare boolean field.
            _ => return Ok(Clause::Test(field, Comparison::Equal, Literal::Flag(true))),
        };
        self.at = self.at.saturating_add(1);
        let literal = self.literal()?;
        Ok(Clause::Test(field, comparison, literal))
    }

    /// Comparison ignores case anyway, so `.ToLower()` and `.ToUpper()` change nothing; a method
    /// may follow them.
    fn without_case_calls(&mut self, path: String) -> Result<String, QueryError> {
        let bare = path.strip_suffix(".ToLower").or_else(|| path.strip_suffix(".ToUpper"));
        let Some(bare) = bare else { return Ok(path) };
        self.open()?;
        let mut whole = self.closed(bare.to_owned())?;
        if let Some(Token::Word(method)) = self.peek()
            && method.starts_with('.')
        {
            whole.push_str(method);
            self.at = self.at.saturating_add(1);
        }
        Ok(whole)
    }

    fn open(&mut self) -> Result<(), QueryError> {
        if self.take(&Token::Open) {
            Ok(())
        } else {
            Err(QueryError("'(' expected".to_owned()))
        }
    }

    fn closed<T>(&mut self, value: T) -> Result<T, QueryError> {
        if self.take(&Token::Close) {
            Ok(value)
        } else {
            Err(QueryError("')' or operator expected".to_owned()))
        }
    }

    fn literal(&mut self) -> Result<Literal, QueryError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Number(number)) => Ok(Literal::Number(number)),
            Some(Token::Word(word)) => self.named_literal(&word),
            _ => Err(QueryError("Expression expected".to_owned())),
        }
    }

    fn named_literal(&mut self, word: &str) -> Result<Literal, QueryError> {
        match word.to_ascii_lowercase().as_str() {
            "true" => Ok(Literal::Flag(true)),
            "false" => Ok(Literal::Flag(false)),
            "null" => Ok(Literal::Null),
            "guid" => {
                self.open()?;
                let Some(Token::Text(text)) = self.next() else {
                    return Err(QueryError("Expression expected".to_owned()));
                };
                let id = Uuid::parse_str(&text)
                    .map_err(|_| QueryError("Guid should contain 32 digits with 4 dashes".to_owned()))?;
                self.closed(Literal::Id(id))
            }
            "datetime" => {
                self.open()?;
                let moment = self.moment()?;
                self.closed(Literal::Moment(moment))
            }
            _ => Err(QueryError(format!("No property or field '{word}' exists"))),
        }
    }

    fn moment(&mut self) -> Result<i64, QueryError> {
        let bad = || QueryError("DateTime expects year, month and day".to_owned());
        let mut parts = Vec::new();
        loop {
            let Some(Token::Number(number)) = self.next() else {
                return Err(bad());
            };
            parts.push(number.to_u32().ok_or_else(bad)?);
            if !self.take(&Token::Comma) {
                break;
            }
        }
        let part = |at: usize| parts.get(at).copied();
        let year = part(0).and_then(|year| i32::try_from(year).ok()).ok_or_else(bad)?;
        NaiveDate::from_ymd_opt(year, part(1).ok_or_else(bad)?, part(2).ok_or_else(bad)?)
            .and_then(|day| {
                let (hour, minute, second) = (part(3), part(4), part(5));
                day.and_hms_opt(hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0))
            })
            .map(|moment| moment.and_utc().timestamp_millis())
            .ok_or_else(bad)
    }
}

fn split_method(path: &str) -> Option<(&str, Comparison)> {
    let (field, method) = path.rsplit_once('.')?;
    let comparison = match method.to_ascii_lowercase().as_str() {
        "contains" => Comparison::Contains,
        "startswith" => Comparison::StartsWith,
        "endswith" => Comparison::EndsWith,
        _ => return None,
    };
    Some((field, comparison))
}

fn comparison(sign: &str) -> Result<Comparison, QueryError> {
    Ok(match sign {
        "==" | "=" => Comparison::Equal,
        "!=" | "<>" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return Err(QueryError(format!("Syntax error '{sign}'"))),
    })
}
