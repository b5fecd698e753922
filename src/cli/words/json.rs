//! JSON as text, without reading its numbers: they are shown exactly as they were written.

/// The same JSON over several lines, two blanks a level.
#[must_use]
pub fn indented(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let mut depth = 0_usize;
    let mut letters = compact.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                out.push('"');
                copy_string(&mut letters, &mut out);
            }
            '{' | '[' => {
                out.push(letter);
                skip_blanks(&mut letters);
                match letters.peek() {
                    Some(end @ ('}' | ']')) => {
                        out.push(*end);
                        letters.next();
                    }
                    _ => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            blank if blank.is_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn copy_string(letters: &mut Letters<'_>, out: &mut String) {
    let mut is_escaped = false;
    for letter in letters.by_ref() {
        out.push(letter);
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return,
            _ => {}
        }
    }
}

fn skip_blanks(letters: &mut Letters<'_>) {
    while letters.peek().is_some_and(|letter| letter.is_whitespace()) {
        letters.next();
    }
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}
