//! Counts of what was answered, so that a storm of refused tokens is not taken for one of requests.

/// Of one run, by where the requests went.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub accounting: Answers,
    /// Consent, tokens, connections.
    pub identity: Answers,
    /// The control surface, with the settings of webhooks.
    pub control: Answers,
    /// Webhooks that were sent.
    pub delivered: usize,
}

/// Answers of one kind of place.
#[derive(Debug, Default, Clone, Copy)]
pub struct Answers {
    pub done: usize,
    pub refused: usize,
    pub not_found: usize,
    pub not_allowed: usize,
    pub shut_out: usize,
    pub limited: usize,
    pub injected: usize,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.accounting.add(other.accounting);
        self.identity.add(other.identity);
        self.control.add(other.control);
        self.delivered += other.delivered;
    }

    pub fn count(&mut self, path: &str, status: u16, is_injected: bool) {
        let lower = path.to_ascii_lowercase();
        let place = if lower.starts_with("/_sandbox") {
            &mut self.control
        } else if lower.starts_with("/api.xro") {
            &mut self.accounting
        } else {
            &mut self.identity
        };
        *match status {
            _ if is_injected => &mut place.injected,
            200..=399 => &mut place.done,
            401 | 403 => &mut place.shut_out,
            404 => &mut place.not_found,
            405 => &mut place.not_allowed,
            429 => &mut place.limited,
            _ => &mut place.refused,
        } += 1;
    }

    /// Requests that led nowhere.
    pub fn lost(&self) -> usize {
        let places = [self.accounting, self.identity, self.control];
        places.iter().map(|place| place.not_found + place.not_allowed).sum()
    }
}

impl Answers {
    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.not_found += other.not_found;
        self.not_allowed += other.not_allowed;
        self.shut_out += other.shut_out;
        self.limited += other.limited;
        self.injected += other.injected;
    }
}
