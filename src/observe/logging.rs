//! Log lines: to standard error, as text or JSON, with a level that a reload can change.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt as lines, reload};

use super::metrics::Metrics;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people and the journal.
    Text,
    /// One JSON object a line.
    Json,
}

/// Logging could not be set up or changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Somebody else had set a subscriber up before.
    #[error("logging was set up before")]
    Twice,
    /// The subscriber is gone.
    #[error("the log level cannot be changed any more")]
    Gone,
    /// The word is no level.
    #[error("`{0}` is no log level")]
    BadLevel(String),
}

/// Changes the level while the daemon runs.
#[derive(Clone)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogControl")
    }
}

impl LogControl {
    /// Shows lines from this level on.
    ///
    /// # Errors
    /// [`LogError::BadLevel`], or [`LogError::Gone`] when the subscriber was dropped.
    pub fn set_level(&self, level: &str) -> Result<(), LogError> {
        let filter = filter(level)?;
        self.filter.reload(filter).map_err(|_gone| LogError::Gone)
    }
}

/// Sets logging up for the whole process. Every line shown is counted in `metrics`.
///
/// # Errors
/// [`LogError::BadLevel`], or [`LogError::Twice`] on a second call.
pub fn init(level: &str, format: Format, metrics: Metrics) -> Result<LogControl, LogError> {
    let (subscriber, control) = build(level, format, metrics, std::io::stderr)?;
    subscriber.try_init().map_err(|_twice| LogError::Twice)?;
    Ok(control)
}

/// The subscriber of [`init`], writing anywhere.
pub(super) fn build<W>(
    level: &str,
    format: Format,
    metrics: Metrics,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync, LogControl), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter(level)?);
    let lines: Box<dyn Layer<_> + Send + Sync> = match format {
        Format::Text => lines::layer().with_ansi(false).with_writer(writer).boxed(),
        Format::Json => lines::layer().json().flatten_event(true).with_writer(writer).boxed(),
    };
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(Counting(metrics));
    Ok((subscriber, LogControl { filter: handle }))
}

/// Our own lines from `level` on; those of other packages from `warn` on at most, because they may
/// write down what we never would.
pub(super) fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let level: LevelFilter = level
        .parse()
        .map_err(|_no_level| LogError::BadLevel(level.to_owned()))?;
    let others = level.min(LevelFilter::WARN);
    EnvFilter::try_new(format!("{others},counterfoil={level}"))
        .map_err(|_no_filter| LogError::BadLevel(level.to_string()))
}

/// Counts lines by level.
struct Counting(Metrics);

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        self.0.families().log_events.inc([level]);
    }
}
