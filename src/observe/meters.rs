//! Counters, gauges and histograms with labels from closed sets. Every series exists from the
//! start; a value outside its set is counted under `other` where there is one, and nowhere else.

use std::fmt;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::labels::OTHER;

/// Values a label can have.
pub type Values = fn() -> Vec<&'static str>;

/// A label and the values it can have.
pub type Label = (&'static str, Values);

/// One line of the table of families.
#[derive(Clone, Copy)]
pub struct Spec {
    /// The name, without prefix, with `_total` for counters.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Labels.
    pub labels: &'static [Label],
    /// What it tells, in one sentence.
    pub help: &'static str,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Name and value of each label of a series.
type Series<const N: usize> = [(&'static str, &'static str); N];

/// A kind of meter, made from its line of the table.
pub trait Meter: Sized {
    /// `counter`, `gauge` or `histogram`.
    const KIND: &'static str;

    /// Makes every series and registers them.
    fn register(spec: &Spec, registry: &mut Registry) -> Self;
}

/// Counters with `N` labels.
#[derive(Debug, Clone)]
pub struct Counters<const N: usize> {
    names: [&'static str; N],
    family: Family<Series<N>, Counter>,
}

impl<const N: usize> Counters<N> {
    /// Counts one.
    pub fn inc(&self, values: [&'static str; N]) {
        self.add(values, 1);
    }

    /// Counts several.
    pub fn add(&self, values: [&'static str; N], count: u64) {
        if let Some(counter) = known(self.names, values, |series| self.family.get(series)) {
            counter.inc_by(count);
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn get(&self, values: [&'static str; N]) -> u64 {
        known(self.names, values, |series| self.family.get(series)).map_or(0, |counter| counter.get())
    }

    /// Whether this very series exists.
    #[must_use]
    pub fn has(&self, values: [&'static str; N]) -> bool {
        self.family.get(&named(self.names, values)).is_some()
    }

    /// Makes a series that its table does not list.
    pub(super) fn declare(&self, values: [&'static str; N]) {
        drop(self.family.get_or_create(&named(self.names, values)));
    }
}

impl<const N: usize> Meter for Counters<N> {
    const KIND: &'static str = "counter";

    fn register(spec: &Spec, registry: &mut Registry) -> Self {
        let family: Family<Series<N>, Counter> = Family::default();
        for series in every_series(spec.labels) {
            drop(family.get_or_create(&series));
        }
        // The encoder appends `_total` itself.
        let name = spec.name.strip_suffix("_total").unwrap_or(spec.name);
        registry.register(name, spec.help.trim_end_matches('.'), family.clone());
        Self {
            names: names(spec.labels),
            family,
        }
    }
}

/// Gauges with `N` labels.
#[derive(Debug, Clone)]
pub struct Gauges<const N: usize> {
    names: [&'static str; N],
    family: Family<Series<N>, Gauge>,
}

impl<const N: usize> Gauges<N> {
    /// Shows this value; more than `i64` holds is shown as the most it holds.
    pub fn set(&self, values: [&'static str; N], value: u64) {
        if let Some(gauge) = known(self.names, values, |series| self.family.get(series)) {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
}

impl<const N: usize> Meter for Gauges<N> {
    const KIND: &'static str = "gauge";

    fn register(spec: &Spec, registry: &mut Registry) -> Self {
        let family: Family<Series<N>, Gauge> = Family::default();
        for series in every_series(spec.labels) {
            drop(family.get_or_create(&series));
        }
        registry.register(spec.name, spec.help.trim_end_matches('.'), family.clone());
        Self {
            names: names(spec.labels),
            family,
        }
    }
}

/// Histograms of seconds with `N` labels.
#[derive(Debug, Clone)]
pub struct Histograms<const N: usize> {
    names: [&'static str; N],
    family: Family<Series<N>, Histogram, fn() -> Histogram>,
}

/// Upper bounds in seconds: from a disk flush to S1's "within a minute" and S0's five minutes.
const BOUNDS: [f64; 12] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0];

impl<const N: usize> Histograms<N> {
    /// Adds a duration.
    pub fn observe(&self, values: [&'static str; N], took: Duration) {
        if let Some(histogram) = known(self.names, values, |series| self.family.get(series)) {
            histogram.observe(took.as_secs_f64());
        }
    }

    /// Makes a series that its table does not list.
    pub(super) fn declare(&self, values: [&'static str; N]) {
        drop(self.family.get_or_create(&named(self.names, values)));
    }
}

impl<const N: usize> Meter for Histograms<N> {
    const KIND: &'static str = "histogram";

    fn register(spec: &Spec, registry: &mut Registry) -> Self {
        let family: Family<Series<N>, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BOUNDS));
        for series in every_series(spec.labels) {
            drop(family.get_or_create(&series));
        }
        registry.register(spec.name, spec.help.trim_end_matches('.'), family.clone());
        Self {
            names: names(spec.labels),
            family,
        }
    }
}

/// The series with these values, or else with `other` for the first of them.
fn known<const N: usize, M>(
    names: [&'static str; N],
    values: [&'static str; N],
    get: impl Fn(&Series<N>) -> Option<M>,
) -> Option<M> {
    let series = named(names, values);
    get(&series).or_else(|| {
        let mut other = series;
        other.first_mut()?.1 = OTHER;
        get(&other)
    })
}

fn named<const N: usize>(names: [&'static str; N], values: [&'static str; N]) -> Series<N> {
    let mut values = values.into_iter();
    names.map(|name| (name, values.next().unwrap_or_default()))
}

fn names<const N: usize>(labels: &[Label]) -> [&'static str; N] {
    let mut names = labels.iter().map(|(name, _)| *name);
    std::array::from_fn(|_| names.next().unwrap_or_default())
}

/// Every combination of the values; exactly one, without labels, when there are none.
fn every_series<const N: usize>(labels: &[Label]) -> Vec<Series<N>> {
    let mut found = vec![[("", ""); N]];
    for (index, (name, values)) in labels.iter().enumerate() {
        found = found
            .into_iter()
            .flat_map(|series| {
                values().into_iter().map(move |value| {
                    let mut series = series;
                    if let Some(label) = series.get_mut(index) {
                        *label = (*name, value);
                    }
                    series
                })
            })
            .collect();
    }
    found
}
