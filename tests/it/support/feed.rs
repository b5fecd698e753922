//! The feed of events, read by long polls.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::Api;
use super::wait::Deadline;

/// A place in the feed.
pub struct Feed {
    api: Api,
    cursor: Option<String>,
    /// What came behind the event that was asked for last.
    rest: VecDeque<Value>,
}

impl Feed {
    /// From the oldest event on.
    pub const fn from_start(api: Api) -> Self {
        Self {
            api,
            cursor: None,
            rest: VecDeque::new(),
        }
    }

    /// From the latest event on.
    pub fn from_end(api: Api) -> Self {
        let mut feed = Self::from_start(api);
        while !feed.page(0).is_empty() {}
        feed
    }

    /// The next events, waiting for them so many seconds.
    #[track_caller]
    pub fn page(&mut self, wait_s: u64) -> Vec<Value> {
        if !self.rest.is_empty() {
            return self.rest.drain(..).collect();
        }
        let mut path = format!("/v1/events?limit=1000&wait={wait_s}");
        if let Some(cursor) = &self.cursor {
            path.push_str(&format!("&cursor={cursor}"));
        }
        let page = self.api.get(&path).ok(200);
        self.cursor = Some(page["next_cursor"].as_str().unwrap().to_owned());
        page["data"].as_array().unwrap().clone()
    }

    /// The next event that fits. Others before it are passed over.
    #[track_caller]
    pub fn next(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Deadline::after_s(30);
        loop {
            let mut events = self.page(2).into_iter();
            if let Some(event) = events.find(&fits) {
                self.rest = events.collect();
                return event;
            }
            assert!(!deadline.is_over(), "waited in vain for {what}");
        }
    }

    /// The next event of this type about this document.
    #[track_caller]
    pub fn next_about(&mut self, event_type: &str, host_ref: &str) -> Value {
        self.next(&format!("{event_type} of {host_ref}"), |event| {
            event["type"] == event_type && event["data"]["host_ref"] == host_ref
        })
    }
}
