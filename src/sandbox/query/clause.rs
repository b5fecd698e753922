//! The grammar of `where`: comparisons, `AND`/`OR`/`NOT`, parentheses, `Guid("…")`,
//! `DateTime(y,m,d)`, `.Contains/.StartsWith/.EndsWith("…")`, checked against the fields and types
//! of one kind of document.
//!
//! Of Xero's messages only `Unterminated string literal` is recorded. The others are assumptions:
//! they are those of the expression parser whose grammar and wording Xero's shows.

use super::fields::Field;
use super::lexer::{Token, tokens};
use super::literal::Literal;
use super::tables::{Kind, Row, Table};

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
    /// Two fields of one document.
    Pair(Field, Comparison, Field),
}

/// One side of a comparison.
enum Operand {
    Field(&'static Row),
    Constant(Literal),
    /// Already a whole test, as `.Contains("…")` makes.
    Clause(Clause),
}

impl Clause {
    /// Parses a clause about documents of one kind.
    ///
    /// # Errors
    /// With the message Xero's parser gives.
    pub fn parse(text: &str, table: Table) -> Result<Self, QueryError> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
            table,
        };
        let clause = parser.any()?;
        match parser.peek() {
            None => Ok(clause),
            Some(_) => refuse("Syntax error"),
        }
    }
}

impl Table {
    /// The row of a path.
    ///
    /// # Errors
    /// When this kind of document has no such field.
    pub fn field(&self, path: &str) -> Result<&'static Row, QueryError> {
        let unknown = || {
            let name = path.split('.').next().unwrap_or(path);
            QueryError(format!("No property or field '{name}' exists in type '{}'", self.name))
        };
        self.row(path).ok_or_else(unknown)
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    table: Table,
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
            return refuse("Expression too complex");
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
        let left = self.operand()?;
        let sign = match self.peek() {
            Some(Token::Sign(sign)) if !matches!(*sign, "&&" | "||" | "!") => *sign,
            _ => return alone(left),
        };
        let comparison = comparison(sign);
        self.at = self.at.saturating_add(1);
        let right = self.operand()?;
        compare(left, comparison, sign, right)
    }

    fn operand(&mut self) -> Result<Operand, QueryError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Operand::Constant(Literal::Text(text))),
            Some(Token::Number(number)) => Ok(Operand::Constant(Literal::Number(number))),
            Some(Token::Word(word)) => match self.named_literal(&word)? {
                Some(literal) => Ok(Operand::Constant(literal)),
                None => self.field(word),
            },
            _ => refuse("Expression expected"),
        }
    }

    /// A field, or a test that one of its methods makes.
    fn field(&mut self, path: String) -> Result<Operand, QueryError> {
        let path = self.without_case_calls(path)?;
        let Some((owner, method)) = path.rsplit_once('.') else {
            return Ok(Operand::Field(self.table.field(&path)?));
        };
        let lower = method.to_ascii_lowercase();
        let test = match lower.as_str() {
            "contains" => Comparison::Contains,
            "startswith" => Comparison::StartsWith,
            "endswith" => Comparison::EndsWith,
            "equals" => Comparison::Equal,
            "hasvalue" => {
                let row = self.table.field(owner)?;
                let there = Clause::Test(row.field, Comparison::NotEqual, Literal::Null);
                return Ok(Operand::Clause(there));
            }
            "value" => return Ok(Operand::Field(self.table.field(owner)?)),
            _ => return Ok(Operand::Field(self.table.field(&path)?)),
        };
        let row = self.table.field(owner)?;
        self.open()?;
        let argument = self.operand()?;
        let Operand::Constant(literal) = argument else {
            return refuse("Expression expected");
        };
        let fits = match test {
            Comparison::Equal => literal.kind().is_none_or(|kind| kind == row.kind),
            _ => row.kind == Kind::Text && literal.kind() == Some(Kind::Text),
        };
        if !fits {
            let message = format!("No applicable method '{method}' exists in type '{}'", row.kind.text());
            return Err(QueryError(message));
        }
        self.closed(Operand::Clause(Clause::Test(row.field, test, literal)))
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
            refuse("'(' expected")
        }
    }

    fn closed<T>(&mut self, value: T) -> Result<T, QueryError> {
        if self.take(&Token::Close) {
            Ok(value)
        } else {
            refuse("')' or operator expected")
        }
    }

    fn named_literal(&mut self, word: &str) -> Result<Option<Literal>, QueryError> {
        Ok(Some(match word.to_ascii_lowercase().as_str() {
            "true" => Literal::Flag(true),
            "false" => Literal::Flag(false),
            "null" => Literal::Null,
            "guid" | "guid.parse" => {
                let text = self.text_argument()?;
                Literal::guid(&text)?
            }
            "datetime.parse" => {
                let text = self.text_argument()?;
                Literal::moment(&text)?
            }
            "datetime" => {
                let parts = self.numbers()?;
                Literal::date_time(&parts)?
            }
            _ => return Ok(None),
        }))
    }

    fn text_argument(&mut self) -> Result<String, QueryError> {
        self.open()?;
        let Some(Token::Text(text)) = self.next() else {
            return refuse("Expression expected");
        };
        self.closed(text)
    }

    fn numbers(&mut self) -> Result<Vec<rust_decimal::Decimal>, QueryError> {
        self.open()?;
        let mut parts = Vec::new();
        loop {
            let Some(Token::Number(number)) = self.next() else {
                return refuse("Expression expected");
            };
            parts.push(number);
            if !self.take(&Token::Comma) {
                break;
            }
        }
        self.closed(parts)
    }
}

fn refuse<T>(message: &str) -> Result<T, QueryError> {
    Err(QueryError(message.to_owned()))
}

/// A bare boolean field, or a test that a method made.
fn alone(operand: Operand) -> Result<Clause, QueryError> {
    match operand {
        Operand::Clause(clause) => Ok(clause),
        Operand::Field(row) if row.kind == Kind::Flag => {
            Ok(Clause::Test(row.field, Comparison::Equal, Literal::Flag(true)))
        }
        _ => refuse("Expression of type 'Boolean' expected"),
    }
}

fn compare(left: Operand, how: Comparison, sign: &str, right: Operand) -> Result<Clause, QueryError> {
    let clash = |left: &str, right: &str| {
        let message = format!("Operator '{sign}' incompatible with operand types '{left}' and '{right}'");
        Err(QueryError(message))
    };
    match (left, right) {
        (Operand::Field(row), Operand::Constant(literal)) => {
            if fits(Some(row.kind), literal.kind(), how) {
                Ok(Clause::Test(row.field, how, literal))
            } else {
                clash(row.kind.text(), literal.kind_text())
            }
        }
        (Operand::Constant(literal), Operand::Field(row)) => {
            if fits(Some(row.kind), literal.kind(), how) {
                Ok(Clause::Test(row.field, turned(how), literal))
            } else {
                clash(literal.kind_text(), row.kind.text())
            }
        }
        (Operand::Field(left), Operand::Field(right)) => {
            if fits(Some(left.kind), Some(right.kind), how) {
                Ok(Clause::Pair(left.field, how, right.field))
            } else {
                clash(left.kind.text(), right.kind.text())
            }
        }
        (Operand::Clause(clause), Operand::Constant(Literal::Flag(flag)))
        | (Operand::Constant(Literal::Flag(flag)), Operand::Clause(clause)) => match how {
            Comparison::Equal if flag => Ok(clause),
            Comparison::NotEqual if !flag => Ok(clause),
            Comparison::Equal | Comparison::NotEqual => Ok(Clause::Not(Box::new(clause))),
            _ => clash("Boolean", "Boolean"),
        },
        _ => refuse("Expression expected"),
    }
}

/// Whether two types compare so; `None` is `null`.
fn fits(left: Option<Kind>, right: Option<Kind>, how: Comparison) -> bool {
    let equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
    match (left, right) {
        (Some(left), Some(right)) => left == right && (equality || !matches!(left, Kind::Id | Kind::Flag)),
        _ => equality,
    }
}

/// The same comparison read from the other side.
fn turned(how: Comparison) -> Comparison {
    match how {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// The comparison a sign stands for; the lexer knows no others.
fn comparison(sign: &str) -> Comparison {
    match sign {
        "!=" | "<>" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => Comparison::Equal,
    }
}
