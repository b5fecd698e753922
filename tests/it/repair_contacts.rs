//! Whose an invoice is: collisions, channels and locations.

use serde_json::{Value, json};

use crate::support::{House, sale, with};

fn of_party(number: &str, reference: &str, name: &str, email: &str) -> Value {
    let party = json!({"ref": reference, "name": name, "email": email});
    with(sale(number), "/contact", party)
}

#[test]
fn ux_17_a_contact_collision_shows_both_parties_and_is_solved_by_mapping() {
    let house = House::new();
    let first = of_party("INV-1", "C-1", "J Smith", "j@smith.example");
    house.synced("SO-1", &first);
    let theirs = house.sandbox.only(house.theirs(), "INV-1")["Contact"]["ContactID"].clone();
    let second = of_party("INV-2", "C-2", "J Smith", "jane@smith.example");
    let red = house.turns_red("SO-2", &second, "contact_collision", &["J Smith", "C-1", "C-2"]);
    let reason = &red["sync"]["reason"];
    assert_eq!(reason["title"], "Contact collision - manual mapping required");
    let candidate = &reason["candidates"][0];
    assert_eq!(candidate["value"], theirs);
    assert_eq!(
        (&candidate["name"], &candidate["contact_ref"]),
        (&json!("J Smith"), &json!("C-1"))
    );
    assert_eq!(
        (&candidate["email"], &candidate["status"]),
        (&json!("j@smith.example"), &json!("active"))
    );
    assert_eq!(candidate["documents"], json!({"value": 1, "exact": true}));
    assert!(candidate["url"].as_str().unwrap().contains(theirs.as_str().unwrap()));
    house
        .types(&["invoices", "show", "SO-2", "--tenant", "acme"])
        .says(0, &["Meant?", "j@smith.example", "1 document", "the contact of C-1"]);

    let gaps = ["mappings", "gaps", "--kind", "contacts", "--tenant", "acme"];
    house.types(&gaps).says(
        0,
        &[
            "C-2 blocks 1 invoice",
            "J Smith of C-1",
            "counterfoil mappings set contacts C-2 CONTACT_ID",
        ],
    );
    let set = [
        "mappings",
        "set",
        "contacts",
        "C-2",
        theirs.as_str().unwrap(),
        "--tenant",
        "acme",
    ];
    house.types(&set).says(0, &["1 invoice is queued again."]);
    house.daemon.badge(house.ours(), "SO-2", "synced");
    assert_eq!(
        house.sandbox.only(house.theirs(), "INV-2")["Contact"]["ContactID"],
        theirs
    );
    house.types(&gaps).says(0, &["Nothing is blocked"]);
    house.sandbox.assert_no_violations();
}

#[test]
fn a_channel_decides_whose_its_invoices_are() {
    let house = House::new();
    let map = |kind: &str, key: &str, value: &str| {
        let path = format!("/v1/tenants/{}/mappings/{kind}/{key}", house.ours());
        house.daemon.api.put(&path, &json!({ "value": value })).ok(200)
    };
    let sold = |number: &str, channel: &str, location: Option<&str>| {
        let body = with(sale(number), "/channel", json!(channel));
        with(body, "/location", json!(location))
    };
    let contact = |number: &str| house.sandbox.only(house.theirs(), number)["Contact"].clone();
    map("channels", "till", "pos");
    map("channels", "shop", "online");
    house.synced("SO-1", &sold("INV-1", "till", Some("Clementi Branch")));
    house.synced("SO-2", &sold("INV-2", "shop", Some("Clementi Branch")));
    assert_eq!(contact("INV-1")["Name"], "Clementi Branch");
    assert_eq!(contact("INV-2")["Name"], "Quarry Lane Roofing");
    // Two tills of one location are no collision, and the same contact.
    house.synced("SO-3", &sold("INV-3", "till", Some("Clementi Branch")));
    assert_eq!(contact("INV-3")["ContactID"], contact("INV-1")["ContactID"]);

    let walk_in = contact("INV-1")["ContactID"].as_str().unwrap().to_owned();
    map("channels", "market", &walk_in);
    house.synced("SO-4", &sold("INV-4", "market", None));
    assert_eq!(contact("INV-4")["ContactID"], walk_in.as_str());
    let other = contact("INV-2")["ContactID"].as_str().unwrap().to_owned();
    map("locations", "Harbour", &other);
    house.synced("SO-5", &sold("INV-5", "till", Some("Harbour")));
    assert_eq!(contact("INV-5")["ContactID"], other.as_str());
    house.sandbox.assert_no_violations();
}
