"""The calls that a Xero must satisfy, made with xero-python. Usage: calls.py READY.json"""

import datetime
import json
import re
import sys
from decimal import Decimal

from xero_python.accounting import (
    Account,
    Allocation,
    Allocations,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    CurrencyCode,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    Item,
    Items,
    LineAmountTypes,
    LineItem,
    ManualJournal,
    ManualJournalLine,
    ManualJournals,
    Payment,
    PaymentDelete,
    Payments,
)
from xero_python.exceptions import (
    AccountingBadRequestException,
    HTTPStatusException,
    NotFoundException,
    RateLimitException,
)

from desk import Desk, Table, equal, expect, show

TABLE = Table()
DATE = datetime.date(2026, 9, 1)
DUE = datetime.date(2026, 10, 1)
NOWHERE = "11111111-2222-4333-8444-555555555555"


def lines(unit_amount="50.00"):
    return [
        LineItem(
            description="Work",
            quantity=Decimal(2),
            unit_amount=Decimal(unit_amount),
            account_code="200",
        )
    ]


def sale(**more):
    values = {
        "type": "ACCREC",
        "contact": Contact(name="City Limousines"),
        "line_items": lines(),
        "date": DATE,
        "due_date": DUE,
        "line_amount_types": LineAmountTypes.EXCLUSIVE,
        "status": "AUTHORISED",
    }
    return Invoice(**{**values, **more})


def create(desk, **more):
    return desk.xero.create_invoices(desk.tenant, Invoices(invoices=[sale(**more)])).invoices[0]


def payment(invoice_id, amount):
    return Payments(
        payments=[
            Payment(
                invoice=Invoice(invoice_id=invoice_id),
                account=Account(code="090"),
                date=datetime.date(2026, 9, 15),
                amount=Decimal(amount),
            )
        ]
    )


def invoice_of(desk, invoice_id):
    return desk.xero.get_invoice(desk.tenant, invoice_id).invoices[0]


@TABLE.call(1, "refresh_token")
def refreshes(desk, made):
    pair = desk.log_in(desk.first_refresh_token)
    expect(pair["access_token"], "no access_token")
    expect(pair["refresh_token"] != desk.first_refresh_token, "the refresh token did not rotate")
    equal(pair["expires_in"], 1800, "expires_in")
    equal(pair["token_type"], "Bearer", "token_type")


@TABLE.call(2, "refresh_token, the old one again")
def old_token(desk, made):
    # A replaced token may be sent again for half an hour, in case its answer was lost.
    desk.advance(31 * 60)
    refusal = desk.refused(Exception, desk.log_in, desk.first_refresh_token)
    equal(getattr(refusal, "status", None), 400, "status")
    equal(json.loads(refusal.body)["error"], "invalid_grant", "error")
    desk.log_in(desk.token["refresh_token"])


@TABLE.call(3, "get_connections")
def connections(desk, made):
    found = desk.identity.get_connections()
    expect(found, "no connections")
    expect(all(one.tenant_id and one.tenant_name for one in found), "a connection lacks id or name")
    expect(desk.tenant in [one.tenant_id for one in found], "the organisation is not among them")


@TABLE.call(4, "get_organisations")
def organisations(desk, made):
    found = desk.xero.get_organisations(desk.tenant).organisations
    equal(len(found), 1, "number of organisations")
    equal(found[0].base_currency, CurrencyCode.GBP, "base_currency")


@TABLE.call(5, "get_accounts, all and by where")
def accounts(desk, made):
    every = desk.xero.get_accounts(desk.tenant).accounts
    banks = desk.xero.get_accounts(desk.tenant, where='Type=="BANK"').accounts
    expect(len(every) > len(banks) > 0, f"{len(every)} accounts, {len(banks)} of type BANK")
    equal({str(one.type.value if hasattr(one.type, "value") else one.type) for one in banks}, {"BANK"}, "types")
    equal(len({one.code for one in every if one.code}), sum(1 for one in every if one.code), "different codes")


@TABLE.call(6, "get_tax_rates")
def tax_rates(desk, made):
    rates = desk.xero.get_tax_rates(desk.tenant).tax_rates
    expect(rates, "no tax rates")
    expect(all(rate.tax_components for rate in rates), "a rate has no tax_components")
    expect(all(isinstance(rate.effective_rate, Decimal) for rate in rates), "effective_rate is no Decimal")


@TABLE.call(7, "get_items, update_or_create_items")
def items(desk, made):
    body = Items(items=[Item(code="SDK-1", name="Widget", is_sold=True)])
    first = desk.xero.update_or_create_items(desk.tenant, body).items[0]
    again = desk.xero.update_or_create_items(desk.tenant, body).items[0]
    equal(again.item_id, first.item_id, "ItemID of the second post")
    listed = desk.xero.get_items(desk.tenant).items
    equal([one.item_id for one in listed if one.code == "SDK-1"], [first.item_id], "items of this code")


@TABLE.call(8, "create_contacts")
def contact(desk, made):
    body = Contacts(contacts=[Contact(name="Xero-Python Ltd", email_address="accounts@example.com")])
    found = desk.xero.create_contacts(desk.tenant, body).contacts[0]
    expect(found.contact_id, "no contact_id")
    equal(found.contact_status, "ACTIVE", "contact_status")
    made["contact"] = found.contact_id


@TABLE.call(9, "create_contacts, the same name")
def same_name(desk, made):
    body = Contacts(contacts=[Contact(name="Xero-Python Ltd")])
    refusal = desk.refused(AccountingBadRequestException, desk.xero.create_contacts, desk.tenant, body)
    wanted = (
        "The contact name Xero-Python Ltd is already assigned to another contact. "
        "The contact name must be unique across all active contacts."
    )
    equal(desk.message_of(refusal), wanted, "message")
    equal(refusal.reason, wanted, "reason")


@TABLE.call(10, "update_or_create_contacts, one good one bad")
def good_and_bad(desk, made):
    body = Contacts(contacts=[Contact(name="Good Ltd"), Contact(name="Bad Ltd", email_address="no address")])
    found = desk.xero.update_or_create_contacts(desk.tenant, body, summarize_errors=False).contacts
    equal([one.status_attribute_string for one in found], ["OK", "ERROR"], "StatusAttributeString")
    expect(found[1].validation_errors[0].message, "no message")
    expect(found[1].has_validation_errors, "has_validation_errors is not set")


@TABLE.call(11, "get_contacts, a page past the end")
def past_the_end(desk, made):
    found = desk.xero.get_contacts(desk.tenant, page=2)
    equal(found.contacts, [], "contacts")
    equal(found.pagination.page, 2, "pagination.page")
    equal(found.pagination.page_count, 1, "pagination.page_count")


@TABLE.call(12, "create_invoices, AUTHORISED")
def invoice(desk, made):
    found = create(desk)
    expect(re.fullmatch(r"INV-\d{4,}", found.invoice_number), f"number {found.invoice_number}")
    equal(found.total, Decimal(120), "total")
    equal(found.amount_due, found.total, "amount_due")
    expect(found.sent_to_contact is False, f"sent_to_contact is {found.sent_to_contact}")
    made["invoice"] = found.invoice_id


@TABLE.call(13, "create_invoices, the same key again")
def same_key(desk, made):
    body = Invoices(invoices=[sale(invoice_number="SDK-13")])
    first = desk.xero.create_invoices(desk.tenant, body, idempotency_key="sdk-13").invoices[0]
    again = desk.xero.create_invoices(desk.tenant, body, idempotency_key="sdk-13").invoices[0]
    equal(again.invoice_id, first.invoice_id, "InvoiceID of the second call")
    found = desk.xero.get_invoices(desk.tenant, invoice_numbers=["SDK-13"]).invoices
    equal(len(found), 1, "invoices of this number")


@TABLE.call(14, "create_invoices, the same key, another body")
def other_body(desk, made):
    first = Invoices(invoices=[sale(invoice_number="SDK-14a")])
    desk.xero.create_invoices(desk.tenant, first, idempotency_key="sdk-14")
    other = Invoices(invoices=[sale(invoice_number="SDK-14b")])
    refusal = desk.refused(
        HTTPStatusException, desk.xero.create_invoices, desk.tenant, other, idempotency_key="sdk-14"
    )
    equal(refusal.http_resp.status, 400, "status")
    found = desk.xero.get_invoices(desk.tenant, invoice_numbers=["SDK-14b"]).invoices
    equal(found, [], "invoices of the second body")


@TABLE.call(15, "get_invoices, a page")
def page(desk, made):
    found = desk.xero.get_invoices(desk.tenant, page=1, page_size=100, order="UpdatedDateUTC ASC")
    expect(found.invoices, "no invoices")
    expect(all(one.line_items for one in found.invoices), "an invoice has no line items")
    one = found.invoices[0]
    expect(one.updated_date_utc.tzinfo is not None, "updated_date_utc has no zone")
    expect(type(one.date) is datetime.date, f"date is a {type(one.date).__name__}")
    expect(isinstance(one.total, Decimal), "total is no Decimal")
    equal(found.pagination.page_size, 100, "pagination.page_size")
    stamps = [one.updated_date_utc for one in found.invoices]
    equal(stamps, sorted(stamps), "order")


@TABLE.call(16, "get_invoices, without page")
def no_page(desk, made):
    found = desk.xero.get_invoices(desk.tenant)
    expect(found.invoices, "no invoices")
    expect(not any(one.line_items for one in found.invoices), "an invoice has line items")
    equal(found.pagination, None, "pagination")


@TABLE.call(17, "get_invoices, if_modified_since")
def since(desk, made):
    known = desk.xero.get_invoices(desk.tenant, page=1).invoices
    newest = max(one.updated_date_utc for one in known)
    desk.advance(5)
    fresh = create(desk, invoice_number="SDK-17")
    second = datetime.timedelta(seconds=1)
    later = desk.xero.get_invoices(desk.tenant, if_modified_since=newest + second).invoices
    equal([one.invoice_id for one in later], [fresh.invoice_id], "what changed later")
    after = fresh.updated_date_utc + second
    none = desk.xero.get_invoices(desk.tenant, if_modified_since=after).invoices
    equal(none, [], "what changed after all")


@TABLE.call(18, "get_invoices, where, statuses, i_ds, summaryOnly")
def filtered(desk, made):
    draft = create(desk, status="DRAFT", invoice_number="SDK-18")
    wanted = 'Type=="ACCREC" AND Status=="AUTHORISED"'
    ids = [made["invoice"], draft.invoice_id]
    found = desk.xero.get_invoices(desk.tenant, where=wanted, i_ds=ids).invoices
    equal([one.invoice_id for one in found], [made["invoice"]], "by where and i_ds")
    found = desk.xero.get_invoices(desk.tenant, statuses=["DRAFT"], i_ds=ids).invoices
    equal([one.invoice_id for one in found], [draft.invoice_id], "by statuses and i_ds")
    found = desk.xero.get_invoices(desk.tenant, statuses=["DRAFT"], summary_only=True).invoices
    expect(draft.invoice_id in [one.invoice_id for one in found], "not in the summary")


@TABLE.call(19, "update_invoice, the reference only")
def reference(desk, made):
    before = invoice_of(desk, made["invoice"])
    desk.advance(2)
    body = Invoices(invoices=[Invoice(reference="changed")])
    after = desk.xero.update_invoice(desk.tenant, made["invoice"], body).invoices[0]
    equal(after.reference, "changed", "reference")
    shown = lambda one: [(line.line_item_id, line.line_amount) for line in one.line_items]
    equal(shown(after), shown(before), "lines")
    expect(after.updated_date_utc > before.updated_date_utc, "updated_date_utc did not move")


@TABLE.call(20, "create_payments, a part")
def part(desk, made):
    paid = desk.xero.create_payments(desk.tenant, payment(made["invoice"], "50.00")).payments[0]
    expect(paid.payment_id, "no payment_id")
    found = invoice_of(desk, made["invoice"])
    equal((found.amount_paid, found.amount_due), (Decimal(50), Decimal(70)), "amount_paid, amount_due")
    equal(found.status, "AUTHORISED", "status")


@TABLE.call(21, "create_payments, the rest")
def rest(desk, made):
    paid = desk.xero.create_payments(desk.tenant, payment(made["invoice"], "70.00")).payments[0]
    made["payment"] = paid.payment_id
    found = invoice_of(desk, made["invoice"])
    equal(found.status, "PAID", "status")
    equal(found.fully_paid_on_date, datetime.date(2026, 9, 15), "fully_paid_on_date")


@TABLE.call(22, "create_payments, too much")
def too_much(desk, made):
    owed = create(desk, invoice_number="SDK-22")
    body = payment(owed.invoice_id, "120.01")
    refusal = desk.refused(AccountingBadRequestException, desk.xero.create_payments, desk.tenant, body)
    said = desk.message_of(refusal).rstrip(".")
    equal(said, "Payment amount exceeds the amount outstanding on this document", "message")


@TABLE.call(23, "delete_payment")
def deleted(desk, made):
    gone = PaymentDelete(status="DELETED")
    found = desk.xero.delete_payment(desk.tenant, made["payment"], gone).payments[0]
    equal(found.status, "DELETED", "status")
    owed = invoice_of(desk, made["invoice"])
    equal((owed.status, owed.amount_due), ("AUTHORISED", Decimal(70)), "status, amount_due")
    listed = desk.xero.get_payments(desk.tenant).payments
    equal([one.status for one in listed if one.payment_id == made["payment"]], ["DELETED"], "in get_payments")


@TABLE.call(24, "create_credit_notes, allocation, get_credit_note")
def credited(desk, made):
    values = {"line_items": lines("10.00"), "date": DATE, "status": "AUTHORISED"}
    note = CreditNote(type="ACCRECCREDIT", contact=Contact(name="City Limousines"), **values)
    note = desk.xero.create_credit_notes(desk.tenant, CreditNotes(credit_notes=[note])).credit_notes[0]
    owed = create(desk, invoice_number="SDK-24")
    share = Allocation(amount=Decimal("15.00"), date=DATE, invoice=Invoice(invoice_id=owed.invoice_id))
    body = Allocations(allocations=[share])
    found = desk.xero.create_credit_note_allocation(desk.tenant, note.credit_note_id, body).allocations[0]
    equal(found.amount, Decimal(15), "amount")
    shown = desk.xero.get_credit_note(desk.tenant, note.credit_note_id).credit_notes[0]
    equal((note.remaining_credit, shown.remaining_credit), (Decimal(24), Decimal(9)), "remaining_credit")
    expect(shown.allocations[0].allocation_id, "no allocation_id")
    reduced = invoice_of(desk, owed.invoice_id)
    equal((reduced.amount_credited, reduced.amount_due), (Decimal(15), Decimal(105)), "amount_credited, amount_due")
    made["note"], made["share"] = note.credit_note_id, shown.allocations[0].allocation_id
    made["credited"] = owed.invoice_id


@TABLE.call(25, "delete_credit_note_allocations")
def unallocated(desk, made):
    answer = desk.xero.delete_credit_note_allocations(desk.tenant, made["note"], made["share"])
    expect(answer.is_deleted is True, f"is_deleted is {answer.is_deleted}")
    shown = desk.xero.get_credit_note(desk.tenant, made["note"]).credit_notes[0]
    equal(shown.remaining_credit, Decimal(24), "remaining_credit")
    owed = invoice_of(desk, made["credited"])
    equal(owed.amount_due, Decimal(120), "amount_due")
    expect(not owed.amount_credited, f"amount_credited is {owed.amount_credited}")


@TABLE.call(26, "update_or_create_invoices, VOIDED")
def voided(desk, made):
    owed = create(desk, invoice_number="SDK-26")
    void = lambda id: Invoices(invoices=[Invoice(invoice_id=id, status="VOIDED")])
    found = desk.xero.update_or_create_invoices(desk.tenant, void(owed.invoice_id)).invoices[0]
    equal(found.status, "VOIDED", "status")
    paid = void(made["invoice"])
    refusal = desk.refused(
        AccountingBadRequestException, desk.xero.update_or_create_invoices, desk.tenant, paid
    )
    expect("payment" in desk.message_of(refusal), f"message: {desk.message_of(refusal)}")


@TABLE.call(27, "create_manual_journals")
def journals(desk, made):
    def journal(*amounts):
        rows = [
            ManualJournalLine(line_amount=Decimal(amount), account_code=code)
            for amount, code in zip(amounts, ("429", "200"))
        ]
        return ManualJournals(manual_journals=[ManualJournal(narration="Accrual", date=DATE, journal_lines=rows)])

    found = desk.xero.create_manual_journals(desk.tenant, journal("50.00", "-50.00")).manual_journals[0]
    expect(found.manual_journal_id, "no manual_journal_id")
    unbalanced = journal("50.00", "-49.00")
    desk.message_of(
        desk.refused(
            AccountingBadRequestException, desk.xero.create_manual_journals, desk.tenant, unbalanced
        )
    )


@TABLE.call(28, "create_invoice_history, get_invoice_history")
def history(desk, made):
    body = HistoryRecords(history_records=[HistoryRecord(details="Noted by xero-python")])
    desk.xero.create_invoice_history(desk.tenant, made["invoice"], body)
    records = desk.xero.get_invoice_history(desk.tenant, made["invoice"]).history_records
    expect("Noted by xero-python" in [one.details for one in records], "the record did not come back")


@TABLE.call(29, "get_invoice, an unknown id")
def unknown(desk, made):
    desk.refused(NotFoundException, desk.xero.get_invoice, desk.tenant, NOWHERE)


@TABLE.call(30, "wrong tenant, expired token, 61 calls in a minute")
def refusals(desk, made):
    refusal = desk.refused(HTTPStatusException, desk.xero.get_organisations, NOWHERE)
    equal(refusal.status, 403, "status for a wrong tenant")
    desk.advance(31 * 60)
    refusal = desk.refused(HTTPStatusException, desk.xero.get_organisations, desk.tenant)
    equal(refusal.status, 401, "status for an expired token")
    expect(b"TokenExpired" in refusal.body, f"body: {refusal.body[:200]}")
    desk.log_in(desk.token["refresh_token"])
    desk.control("POST", "limits", {"minute": 60})
    desk.advance(61, everything=True)
    desk.repeats(False)
    for _ in range(60):
        desk.xero.get_organisations(desk.tenant)
    refusal = desk.refused(RateLimitException, desk.xero.get_organisations, desk.tenant)
    desk.repeats(True)
    equal(refusal.rate_limit, "minute", "rate_limit")
    desk.advance(61, everything=True)


# Not one of the thirty: what the client's transport does unasked, as the sandbox counted it.
@TABLE.call(31, "a 429 with Retry-After is repeated silently", silent=3)
def silent_repeats(desk, made):
    rule = {
        "match": {"path": "/api.xro/2.0/Organisation"},
        "fault": "rate_limit",
        "problem": "minute",
        "retry_after": 1,
        "times": None,
    }
    desk.control("POST", "faults", rule)
    desk.refused(RateLimitException, desk.xero.get_organisations, desk.tenant)
    desk.control("DELETE", "faults")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        desk = Desk(json.load(file))
    # The thirty are more than sixty calls; only the last one is about the limit.
    desk.control("POST", "limits", {"minute": 1000})
    rows = TABLE.run(desk, {})
    sys.exit(1 if show("xero-python", rows) else 0)


if __name__ == "__main__":
    main()
