//! Whatever order partial payments, deletions and credits happen in, and whatever order their versions
//! arrive in, the amounts end as a plain list of what is left says.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::samples::*;
use crate::engine::take::{Taking, take};
use crate::model::ids::{IdSource, XeroCreditId, XeroPaymentId};
use crate::model::row::Invoice;
use crate::model::standing::Standing;
use crate::model::time::{Mono, Now, Timestamp};
use crate::model::xero::{CreditKind, XeroCredit, XeroInvoice, XeroPayment, XeroStatus};

/// What happens in Xero. Amounts are shares of what is left to pay.
#[derive(Debug, Clone, Copy)]
enum Act {
    Pay(u128, u32),
    Unpay(u128),
    Credit(u128, u32),
    Uncredit(u128),
}

/// What is left of it all: the plain model.
#[derive(Debug, Clone, Default)]
struct Left {
    paid: BTreeMap<u128, Decimal>,
    credited: BTreeMap<u128, Decimal>,
}

fn total() -> Decimal {
    Decimal::from(100)
}

impl Left {
    fn due(&self) -> Decimal {
        total() - self.paid.values().sum::<Decimal>() - self.credited.values().sum::<Decimal>()
    }

    fn act(&mut self, act: Act) {
        let share = |percent: u32| (self.due() * Decimal::from(percent) / Decimal::ONE_HUNDRED).round_dp(2);
        match act {
            Act::Pay(id, percent) if !self.paid.contains_key(&id) && !share(percent).is_zero() => {
                let amount = share(percent);
                self.paid.insert(id, amount);
            }
            Act::Credit(id, percent) if !self.credited.contains_key(&id) && !share(percent).is_zero() => {
                let amount = share(percent);
                self.credited.insert(id, amount);
            }
            Act::Unpay(id) => drop(self.paid.remove(&id)),
            Act::Uncredit(id) => drop(self.credited.remove(&id)),
            Act::Pay(..) | Act::Credit(..) => {}
        }
    }

    fn standing(&self) -> Standing {
        match (self.due().is_zero(), self.due() == total()) {
            (true, _) => Standing::Paid,
            (_, true) => Standing::Unpaid,
            _ => Standing::PartPaid,
        }
    }

    /// Xero's document as it is now.
    fn document(&self, updated: i64) -> XeroInvoice {
        let payments = self.paid.iter().map(|(id, amount)| XeroPayment {
            id: XeroPaymentId(Uuid::from_u128(*id)),
            amount: *amount,
            date: None,
            reference: String::new(),
        });
        let credits = self.credited.iter().map(|(id, amount)| XeroCredit {
            kind: CreditKind::CreditNote,
            id: XeroCreditId(Uuid::from_u128(*id)),
            number: String::new(),
            amount: *amount,
            date: None,
        });
        XeroInvoice {
            total: total(),
            amount_paid: self.paid.values().sum(),
            amount_credited: self.credited.values().sum(),
            amount_due: self.due(),
            status: if self.due().is_zero() {
                XeroStatus::Paid
            } else {
                XeroStatus::Authorised
            },
            payments: payments.collect(),
            credits: credits.collect(),
            updated: Timestamp(updated),
            ..xero(&draft())
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    let id = 1..6_u128;
    prop_oneof![
        3 => (id.clone(), 1..=100_u32).prop_map(|(id, percent)| Act::Pay(id, percent)),
        2 => id.clone().prop_map(Act::Unpay),
        2 => (id.clone(), 1..=100_u32).prop_map(|(id, percent)| Act::Credit(id, percent)),
        1 => id.prop_map(Act::Uncredit),
    ]
}

/// The amounts that count here.
fn counted(row: &Invoice) -> (BTreeMap<u128, Decimal>, BTreeMap<u128, Decimal>) {
    let live = row.back.payments.iter().filter(|payment| payment.deleted_at.is_none());
    let payments = live.map(|payment| (payment.xero_id.0.as_u128(), payment.amount));
    let credits = row.back.counted();
    let credits = credits.map(|credit| (credit.xero_id.0.as_u128(), credit.amount));
    (payments.collect(), credits.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn invariant_22_any_order_of_payments_deletions_and_credits_ends_in_the_same_amounts(
        acts in prop::collection::vec(act(), 1..12),
        arrivals in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let mut left = Left::default();
        let mut versions = vec![left.document(1)];
        for (at, act) in acts.iter().enumerate() {
            left.act(*act);
            versions.push(left.document(i64::try_from(at).unwrap() + 2));
        }
        let mut row = row();
        let mut ids = IdSource::new(1);
        let order = arrivals.iter().map(|at| at.index(versions.len())).chain([versions.len() - 1]);
        let mut ever = 0;
        for (step, at) in order.enumerate() {
            let wall = Timestamp(1_000 + i64::try_from(step).unwrap());
            let taking = Taking { compares: true, quiet_ms: 0 };
            take(&mut row, versions[at].clone(), taking, &mut ids, Now { wall, mono: Mono(0) });
            prop_assert!(row.back.payments.len() >= ever, "nothing that was seen is removed");
            ever = row.back.payments.len();
        }
        prop_assert_eq!(counted(&row), (left.paid.clone(), left.credited.clone()));
        prop_assert_eq!(Standing::of(&row), left.standing());
        let copy = row.copy.as_ref().unwrap();
        prop_assert_eq!(copy.amount_due, left.due());
        // Each is here once, deleted or not.
        let mut seen: Vec<u128> = row.back.payments.iter().map(|payment| payment.xero_id.0.as_u128()).collect();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), row.back.payments.len());
    }
}
