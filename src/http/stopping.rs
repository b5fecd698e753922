//! Knowing that the endpoint is stopping.

use tokio::sync::watch;

/// Follows the order to stop.
#[derive(Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Made from the receiving side of the order; a sender that is gone counts as the order.
    pub const fn new(order: watch::Receiver<bool>) -> Self {
        Self(order)
    }

    /// Whether the order was given.
    pub fn is_ordered(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back when the order is given.
    pub async fn ordered(&self) {
        let mut order = self.0.clone();
        if order.wait_for(|is_ordered| *is_ordered).await.is_err() {
            // The sender went away without an order: the server is gone, so stop as well.
        }
    }
}
