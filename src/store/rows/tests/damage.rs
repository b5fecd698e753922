//! A row that cannot be read is an error that names it, and nothing else happens.

use super::samples::{self, tenant_id};
use crate::model::row::{Intent, Invoice, Tenant};
use crate::store::rows::{Row, RowError, decode, encode, event, keys};
use crate::store::{Derive, rows::Rows};

#[test]
fn a_newer_version_or_flag_is_refused_by_name() {
    let row = samples::tenant();
    let mut value = encode(&row).unwrap();
    value[0] = 2;
    let error = decode::<Tenant>(&row.key(), &value).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "tenant {} has format 2.0, this program reads up to 1; start the newer program",
            row.id
        )
    );
    value[0] = 1;
    value[1] = 0b100;
    let error = decode::<Tenant>(&row.key(), &value).unwrap_err();
    assert!(matches!(error, RowError::Newer { found, .. } if found == "1.4"));
}

#[test]
fn cut_and_misplaced_rows_are_refused_by_name() {
    let row = samples::invoice(tenant_id(1), 1);
    let value = encode(&row).unwrap();
    for length in 0..value.len() {
        let error = decode::<Invoice>(&row.key(), &value[..length]).unwrap_err();
        let RowError::Damaged { row: name, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(name, format!("invoice {} of {}", row.id, row.tenant));
    }
    let other = samples::invoice(tenant_id(1), 2);
    let error = decode::<Invoice>(&other.key(), &value).unwrap_err();
    assert!(error.to_string().contains(&format!("it holds invoice {}", row.id)));
}

#[test]
fn a_part_that_is_left_out_needs_what_it_equals() {
    let row = samples::agreed_invoice(tenant_id(1));
    let value = encode(&row).unwrap();
    let text = String::from_utf8(value).unwrap();
    let (before, rest) = text.split_once(r#","copy":{"#).unwrap();
    let (_copy, behind) = rest.split_once(r#","sent":{"#).unwrap();
    let cut = [before, r#","sent":{"#, behind].concat();
    let error = decode::<Invoice>(&row.key(), cut.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("common version"), "{error}");
}

#[test]
fn an_event_of_another_tenant_is_refused() {
    let draft = event::to_draft(&samples::event(tenant_id(1), 1, samples::AT)).unwrap();
    let value = [tenant_id(2).to_bytes().as_slice(), &draft.payload].concat();
    let key = crate::store::keys::event_key(7);
    let error = event::from_entry(&key, &value).unwrap_err();
    assert!(error.to_string().starts_with("event 7 is damaged"), "{error}");
    assert!(event::tenant_of(&key, &value[..15]).is_err());
}

#[test]
fn a_body_that_is_no_text_cannot_be_stored() {
    let mut row = samples::batch(tenant_id(1), 5);
    row.body = bytes::Bytes::from_static(&[0xFF]);
    let error = encode(&row).unwrap_err();
    assert!(matches!(error, RowError::Unwritable { row: name, .. } if name.contains("bat_")));
}

#[test]
fn derivation_ignores_what_it_cannot_read() {
    let key = keys::invoice(tenant_id(1), samples::invoice_id(1));
    assert!(Rows.derive(&key, Some(b"x"), None).is_empty());
    let good = encode(&samples::invoice(tenant_id(1), 1)).unwrap();
    assert_eq!(
        Rows.derive(&key, Some(b"x"), Some(&good)),
        Rows.derive(&key, None, Some(&good))
    );
}

#[test]
fn what_must_never_be_lost_is_covered() {
    let tenant = tenant_id(3);
    let covered = |key: Vec<u8>| Rows.digest_group(&key);
    let group = Some(tenant.to_bytes());
    assert_eq!(covered(keys::tenant(tenant)), group);
    assert_eq!(covered(samples::invoice(tenant, 1).key()), group);
    assert_eq!(covered(samples::intent(tenant, 1).key()), group);
    assert_eq!(covered(samples::batch(tenant, 1).key()), group);
    assert_eq!(covered(keys::contact(tenant, "C")), group);
    assert_eq!(
        covered(samples::mapping(tenant, crate::model::row::MappingKind::TaxRates, "a", "b").key()),
        group
    );
    assert_eq!(covered(samples::grant().key()), Some([0; 16]));
    assert_eq!(covered(keys::invoice_by_ref(tenant, "r")), None);
    assert_eq!(covered(keys::badge_count(tenant, None)), None);
    assert_eq!(covered(samples::calls(tenant, 1).key()), None);
    assert!(decode::<Intent>(&[keys::INTENTS], b"").is_err());
}
