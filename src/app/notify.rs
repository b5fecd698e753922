//! Tells systemd how we are. Without systemd nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// A connection to the service manager, if one waits for news of us.
#[derive(Debug, Clone, Copy, Default)]
pub struct Notifier;

impl Notifier {
    /// Everything is up.
    pub fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// A start goes on, and may take this much longer.
    pub fn starting(self, longest: Duration, status: &str) {
        let micros = u32::try_from(longest.as_micros()).unwrap_or(u32::MAX);
        tell(&[NotifyState::ExtendTimeoutUsec(micros), NotifyState::Status(status)]);
    }

    /// A reload begins; [`Self::ready`] must follow, however it ends.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the monotonic clock cannot be read for systemd"),
        }
    }

    /// We are going down.
    pub fn stopping(self, status: &str) {
        tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// One line for `systemctl status`.
    pub fn status(self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// We are alive. To be called every [`Self::watchdog_every`].
    pub fn alive(self) {
        tell(&[NotifyState::Watchdog]);
    }

    /// How often systemd wants a sign of life: half of its limit. `None` = it does not wait for one.
    #[must_use]
    pub fn watchdog_every(self) -> Option<Duration> {
        sd_notify::watchdog_enabled().and_then(|limit| limit.checked_div(2))
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
