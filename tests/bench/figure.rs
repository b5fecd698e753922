//! A figure, its goal, and how both are written.

use std::time::Duration;

/// One measured number.
pub struct Figure {
    /// What it is.
    pub what: String,
    /// The number with its unit.
    pub figure: String,
    /// The goal, and whether it is met.
    pub goal: Option<(String, bool)>,
    /// What was measured beside it in the same run, and the ratio.
    pub beside: Option<String>,
}

impl Figure {
    /// A number.
    pub fn new(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            figure: figure.into(),
            goal: None,
            beside: None,
        }
    }

    /// With a goal that is met or missed.
    #[must_use]
    pub fn goal(mut self, goal: impl Into<String>, is_met: bool) -> Self {
        self.goal = Some((goal.into(), is_met));
        self
    }

    /// With what stands beside it.
    #[must_use]
    pub fn beside(mut self, beside: impl Into<String>) -> Self {
        self.beside = Some(beside.into());
        self
    }

    /// `pass`, `MISS`, or nothing without a goal.
    pub fn verdict(&self) -> &'static str {
        match self.goal {
            None => "",
            Some((_, true)) => "pass",
            Some((_, false)) => "MISS",
        }
    }

    /// The figure in one line.
    pub fn line(&self) -> String {
        let goal = self
            .goal
            .as_ref()
            .map_or_else(String::new, |(goal, _)| format!(" (goal {goal}: {})", self.verdict()));
        let beside = self
            .beside
            .as_ref()
            .map_or_else(String::new, |beside| format!("; {beside}"));
        format!("{}: {}{goal}{beside}", self.what, self.figure)
    }
}

/// `0.42 s` or `283 ms` or `0.21 ms`.
pub fn time(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..10_000 => format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

/// `1,234,567`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `38 MB`, of 1,000,000 bytes.
pub fn megabytes(kibibytes: u64) -> String {
    format!("{} MB", count(kibibytes * 1_024 / 1_000_000))
}

/// `3.42 ×`
pub fn ratio(of: u64, to: u64) -> String {
    let hundredths = of * 100 / to.max(1);
    format!("{}.{:02} ×", hundredths / 100, hundredths % 100)
}

/// The value below which so many of a hundred lie. Sorts the values.
pub fn percentile<T: Ord + Copy>(values: &mut [T], percent: usize) -> T {
    values.sort_unstable();
    let at = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values[at]
}
