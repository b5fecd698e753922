// The calls that a Xero must satisfy, made with xero-node. Usage: node calls.js READY.json
'use strict';

const fs = require('node:fs');

const { Desk, Table, equal, expect, show } = require('./desk.js');

const TABLE = new Table();
const [DATE, DUE] = ['2026-09-01', '2026-10-01'];
// The client shows a date of Xero's as midnight in UTC.
const midnight = (date) => `${date}T00:00:00.000Z`;
const NOWHERE = '11111111-2222-4333-8444-555555555555';
const lines = (unitAmount = 50) => [{ description: 'Work', quantity: 2, unitAmount, accountCode: '200' }];

const sale = (more) => ({
  type: 'ACCREC',
  contact: { name: 'City Limousines' },
  lineItems: lines(),
  date: DATE,
  dueDate: DUE,
  lineAmountTypes: 'Exclusive',
  status: 'AUTHORISED',
  ...more,
});

async function create(desk, more) {
  const answer = await desk.xero.createInvoices(desk.tenant, { invoices: [sale(more)] });
  return answer.body.invoices[0];
}

async function invoiceOf(desk, id) {
  return (await desk.xero.getInvoice(desk.tenant, id)).body.invoices[0];
}

/** Invoices by named parameters; the client takes them by position. */
async function invoices(desk, by) {
  const names = ['ifModifiedSince', 'where', 'order', 'iDs', 'invoiceNumbers', 'contactIDs', 'statuses', 'page',
    'includeArchived', 'createdByMyApp', 'unitdp', 'summaryOnly', 'pageSize', 'searchTerm'];
  return (await desk.xero.getInvoices(desk.tenant, ...names.map((name) => by[name]))).body;
}

const payment = (invoiceID, amount) => ({
  payments: [{ invoice: { invoiceID }, account: { code: '090' }, date: '2026-09-15', amount }],
});

TABLE.call(1, 'refreshWithRefreshToken', async (desk) => {
  const pair = await desk.logIn(desk.firstRefreshToken);
  expect(pair.access_token, 'no access_token');
  expect(pair.refresh_token !== desk.firstRefreshToken, 'the refresh token did not rotate');
  // openid-client turns expires_in into expires_at, in seconds.
  const left = pair.expires_at - Date.now() / 1000;
  expect(left > 1790 && left <= 1801, `expires in ${left} s`);
});

TABLE.call(2, 'refreshWithRefreshToken, the old one again', async (desk) => {
  // A replaced token may be sent again for half an hour, in case its answer was lost.
  await desk.advance(31 * 60);
  const current = desk.refreshToken;
  const { body } = await desk.refused(400, desk.logIn(desk.firstRefreshToken));
  equal(body.error, 'invalid_grant', 'error');
  await desk.logIn(current);
});

TABLE.call(3, 'updateTenants', async (desk) => {
  const found = await desk.client.updateTenants(false);
  expect(found.length > 0, 'no connections');
  expect(found.every((one) => one.tenantId && one.tenantName), 'a connection lacks id or name');
  expect(found.some((one) => one.tenantId === desk.tenant), 'the organisation is not among them');
});

TABLE.call(4, 'getOrganisations', async (desk) => {
  const found = (await desk.xero.getOrganisations(desk.tenant)).body.organisations;
  equal(found.map((one) => one.baseCurrency), ['GBP'], 'base currencies');
});

TABLE.call(5, 'getAccounts, all and by where', async (desk) => {
  const every = (await desk.xero.getAccounts(desk.tenant)).body.accounts;
  const banks = (await desk.xero.getAccounts(desk.tenant, undefined, 'Type=="BANK"')).body.accounts;
  expect(every.length > banks.length && banks.length > 0, `${every.length} accounts, ${banks.length} of type BANK`);
  equal([...new Set(banks.map((one) => one.type))], ['BANK'], 'types');
});

TABLE.call(6, 'getTaxRates', async (desk) => {
  const rates = (await desk.xero.getTaxRates(desk.tenant)).body.taxRates;
  expect(rates.length > 0, 'no tax rates');
  expect(rates.every((rate) => rate.taxComponents?.length), 'a rate has no taxComponents');
  expect(rates.every((rate) => typeof rate.effectiveRate === 'number'), 'effectiveRate is no number');
});

TABLE.call(7, 'getItems, updateOrCreateItems', async (desk) => {
  const body = { items: [{ code: 'SDK-1', name: 'Widget', isSold: true }] };
  const [first] = (await desk.xero.updateOrCreateItems(desk.tenant, body)).body.items;
  const [again] = (await desk.xero.updateOrCreateItems(desk.tenant, body)).body.items;
  equal(again.itemID, first.itemID, 'ItemID of the second post');
  const listed = (await desk.xero.getItems(desk.tenant)).body.items;
  equal(listed.filter((one) => one.code === 'SDK-1').map((one) => one.itemID), [first.itemID], 'items of this code');
});

TABLE.call(8, 'createContacts', async (desk) => {
  const body = { contacts: [{ name: 'Xero-Node Ltd', emailAddress: 'accounts@example.com' }] };
  const [found] = (await desk.xero.createContacts(desk.tenant, body)).body.contacts;
  expect(found.contactID, 'no contactID');
  equal(found.contactStatus, 'ACTIVE', 'contactStatus');
});

TABLE.call(9, 'createContacts, the same name', async (desk) => {
  const body = { contacts: [{ name: 'Xero-Node Ltd' }] };
  const wanted = 'The contact name Xero-Node Ltd is already assigned to another contact. '
    + 'The contact name must be unique across all active contacts.';
  equal(await desk.message(desk.xero.createContacts(desk.tenant, body)), wanted, 'message');
});

TABLE.call(10, 'updateOrCreateContacts, one good one bad', async (desk) => {
  const body = { contacts: [{ name: 'Good Ltd' }, { name: 'Bad Ltd', emailAddress: 'no address' }] };
  const found = (await desk.xero.updateOrCreateContacts(desk.tenant, body, false)).body.contacts;
  equal(found.map((one) => one.statusAttributeString), ['OK', 'ERROR'], 'StatusAttributeString');
  expect(found[1].validationErrors[0].message, 'no message');
  equal(found[1].hasValidationErrors, true, 'hasValidationErrors');
});

TABLE.call(11, 'getContacts, a page past the end', async (desk) => {
  const page = [undefined, undefined, undefined, undefined, 2];
  const found = (await desk.xero.getContacts(desk.tenant, ...page)).body;
  equal(found.contacts, [], 'contacts');
  equal([found.pagination.page, found.pagination.pageCount], [2, 1], 'page, pageCount');
});

TABLE.call(12, 'createInvoices, AUTHORISED', async (desk, made) => {
  const found = await create(desk);
  expect(/^INV-\d{4,}$/.test(found.invoiceNumber), `number ${found.invoiceNumber}`);
  equal([found.total, found.amountDue], [120, 120], 'total, amountDue');
  equal(found.sentToContact, false, 'sentToContact');
  made.invoice = found.invoiceID;
});

TABLE.call(13, 'createInvoices, the same key again', async (desk) => {
  const body = { invoices: [sale({ invoiceNumber: 'SDK-13' })] };
  const send = () => desk.xero.createInvoices(desk.tenant, body, undefined, undefined, 'sdk-13');
  const [first] = (await send()).body.invoices;
  const [again] = (await send()).body.invoices;
  equal(again.invoiceID, first.invoiceID, 'InvoiceID of the second call');
  equal((await invoices(desk, { invoiceNumbers: ['SDK-13'] })).invoices.length, 1, 'invoices of this number');
});

TABLE.call(14, 'createInvoices, the same key, another body', async (desk) => {
  const send = (invoiceNumber) => desk.xero.createInvoices(
    desk.tenant, { invoices: [sale({ invoiceNumber })] }, undefined, undefined, 'sdk-14',
  );
  await send('SDK-14a');
  await desk.refused(400, send('SDK-14b'));
  equal((await invoices(desk, { invoiceNumbers: ['SDK-14b'] })).invoices, [], 'invoices of the second body');
});

TABLE.call(15, 'getInvoices, a page', async (desk) => {
  const found = await invoices(desk, { page: 1, pageSize: 100, order: 'UpdatedDateUTC ASC' });
  expect(found.invoices.length > 0, 'no invoices');
  expect(found.invoices.every((one) => one.lineItems.length > 0), 'an invoice has no line items');
  expect(found.invoices.every((one) => one.updatedDateUTC instanceof Date), 'updatedDateUTC is no Date');
  equal(found.invoices[0].date, midnight(DATE), 'date');
  equal(typeof found.invoices[0].total, 'number', 'type of total');
  equal(found.pagination.pageSize, 100, 'pageSize');
  const stamps = found.invoices.map((one) => one.updatedDateUTC.getTime());
  equal(stamps, [...stamps].sort((a, b) => a - b), 'order');
});

TABLE.call(16, 'getInvoices, without page', async (desk) => {
  const found = await invoices(desk, {});
  expect(found.invoices.length > 0, 'no invoices');
  expect(found.invoices.every((one) => one.lineItems.length === 0), 'an invoice has line items');
  equal(found.pagination, undefined, 'pagination');
});

TABLE.call(17, 'getInvoices, ifModifiedSince', async (desk) => {
  const known = (await invoices(desk, { page: 1 })).invoices;
  const newest = Math.max(...known.map((one) => one.updatedDateUTC.getTime()));
  await desk.advance(5);
  const fresh = await create(desk, { invoiceNumber: 'SDK-17' });
  const later = await invoices(desk, { ifModifiedSince: new Date(newest + 1000) });
  equal(later.invoices.map((one) => one.invoiceID), [fresh.invoiceID], 'what changed later');
  const after = new Date(fresh.updatedDateUTC.getTime() + 1000);
  equal((await invoices(desk, { ifModifiedSince: after })).invoices, [], 'what changed after all');
});

TABLE.call(18, 'getInvoices, where, statuses, iDs, summaryOnly', async (desk, made) => {
  const draft = await create(desk, { status: 'DRAFT', invoiceNumber: 'SDK-18' });
  const iDs = [made.invoice, draft.invoiceID];
  const ids = (found) => found.invoices.map((one) => one.invoiceID);
  const where = 'Type=="ACCREC" AND Status=="AUTHORISED"';
  equal(ids(await invoices(desk, { where, iDs })), [made.invoice], 'by where and iDs');
  equal(ids(await invoices(desk, { statuses: ['DRAFT'], iDs })), [draft.invoiceID], 'by statuses and iDs');
  const summary = await invoices(desk, { statuses: ['DRAFT'], summaryOnly: true });
  expect(ids(summary).includes(draft.invoiceID), 'not in the summary');
});

TABLE.call(19, 'updateInvoice, the reference only', async (desk, made) => {
  const before = await invoiceOf(desk, made.invoice);
  await desk.advance(2);
  const body = { invoices: [{ reference: 'changed' }] };
  const [after] = (await desk.xero.updateInvoice(desk.tenant, made.invoice, body)).body.invoices;
  equal(after.reference, 'changed', 'reference');
  const shown = (one) => one.lineItems.map((line) => [line.lineItemID, line.lineAmount]);
  equal(shown(after), shown(before), 'lines');
  expect(after.updatedDateUTC > before.updatedDateUTC, 'updatedDateUTC did not move');
});

TABLE.call(20, 'createPayments, a part', async (desk, made) => {
  const [paid] = (await desk.xero.createPayments(desk.tenant, payment(made.invoice, 50))).body.payments;
  expect(paid.paymentID, 'no paymentID');
  const found = await invoiceOf(desk, made.invoice);
  equal([found.amountPaid, found.amountDue, found.status], [50, 70, 'AUTHORISED'], 'amountPaid, amountDue, status');
});

TABLE.call(21, 'createPayments, the rest', async (desk, made) => {
  const [paid] = (await desk.xero.createPayments(desk.tenant, payment(made.invoice, 70))).body.payments;
  made.payment = paid.paymentID;
  const found = await invoiceOf(desk, made.invoice);
  equal([found.status, found.fullyPaidOnDate], ['PAID', midnight('2026-09-15')], 'status, fullyPaidOnDate');
});

TABLE.call(22, 'createPayments, too much', async (desk) => {
  const owed = await create(desk, { invoiceNumber: 'SDK-22' });
  const said = await desk.message(desk.xero.createPayments(desk.tenant, payment(owed.invoiceID, 120.01)));
  equal(said.replace(/\.$/, ''), 'Payment amount exceeds the amount outstanding on this document', 'message');
});

TABLE.call(23, 'deletePayment', async (desk, made) => {
  const gone = { status: 'DELETED' };
  const [found] = (await desk.xero.deletePayment(desk.tenant, made.payment, gone)).body.payments;
  equal(found.status, 'DELETED', 'status');
  const owed = await invoiceOf(desk, made.invoice);
  equal([owed.status, owed.amountDue], ['AUTHORISED', 70], 'status, amountDue');
  const listed = (await desk.xero.getPayments(desk.tenant)).body.payments;
  const statuses = listed.filter((one) => one.paymentID === made.payment).map((one) => one.status);
  equal(statuses, ['DELETED'], 'in getPayments');
});

TABLE.call(24, 'createCreditNotes, allocation, getCreditNote', async (desk, made) => {
  const fields = { lineItems: lines(10), date: DATE, status: 'AUTHORISED', contact: { name: 'City Limousines' } };
  const notes = { creditNotes: [{ type: 'ACCRECCREDIT', ...fields }] };
  const [note] = (await desk.xero.createCreditNotes(desk.tenant, notes)).body.creditNotes;
  const owed = await create(desk, { invoiceNumber: 'SDK-24' });
  const body = { allocations: [{ amount: 15, date: DATE, invoice: { invoiceID: owed.invoiceID } }] };
  const answer = await desk.xero.createCreditNoteAllocation(desk.tenant, note.creditNoteID, body);
  equal(answer.body.allocations[0].amount, 15, 'amount');
  const [shown] = (await desk.xero.getCreditNote(desk.tenant, note.creditNoteID)).body.creditNotes;
  equal([note.remainingCredit, shown.remainingCredit], [24, 9], 'remainingCredit');
  expect(shown.allocations[0].allocationID, 'no allocationID');
  const reduced = await invoiceOf(desk, owed.invoiceID);
  equal([reduced.amountCredited, reduced.amountDue], [15, 105], 'amountCredited, amountDue');
  Object.assign(made, { note: note.creditNoteID, share: shown.allocations[0].allocationID, credited: owed.invoiceID });
});

TABLE.call(25, 'deleteCreditNoteAllocations', async (desk, made) => {
  const answer = await desk.xero.deleteCreditNoteAllocations(desk.tenant, made.note, made.share);
  equal(answer.body.isDeleted, true, 'isDeleted');
  const [shown] = (await desk.xero.getCreditNote(desk.tenant, made.note)).body.creditNotes;
  equal(shown.remainingCredit, 24, 'remainingCredit');
  const owed = await invoiceOf(desk, made.credited);
  equal([owed.amountDue, owed.amountCredited || 0], [120, 0], 'amountDue, amountCredited');
});

TABLE.call(26, 'updateOrCreateInvoices, VOIDED', async (desk, made) => {
  const owed = await create(desk, { invoiceNumber: 'SDK-26' });
  const void_ = (invoiceID) => desk.xero.updateOrCreateInvoices(
    desk.tenant, { invoices: [{ invoiceID, status: 'VOIDED' }] },
  );
  equal((await void_(owed.invoiceID)).body.invoices[0].status, 'VOIDED', 'status');
  const said = await desk.message(void_(made.invoice));
  expect(said.includes('payment'), `message: ${said}`);
});

TABLE.call(27, 'createManualJournals', async (desk) => {
  const journal = (debit, credit) => desk.xero.createManualJournals(desk.tenant, {
    manualJournals: [{
      narration: 'Accrual',
      date: DATE,
      journalLines: [{ lineAmount: debit, accountCode: '429' }, { lineAmount: credit, accountCode: '200' }],
    }],
  });
  expect((await journal(50, -50)).body.manualJournals[0].manualJournalID, 'no manualJournalID');
  await desk.message(journal(50, -49));
});

TABLE.call(28, 'createInvoiceHistory, getInvoiceHistory', async (desk, made) => {
  const body = { historyRecords: [{ details: 'Noted by xero-node' }] };
  await desk.xero.createInvoiceHistory(desk.tenant, made.invoice, body);
  const records = (await desk.xero.getInvoiceHistory(desk.tenant, made.invoice)).body.historyRecords;
  expect(records.some((one) => one.details === 'Noted by xero-node'), 'the record did not come back');
});

TABLE.call(29, 'getInvoice, an unknown id', async (desk) => {
  await desk.refused(404, desk.xero.getInvoice(desk.tenant, NOWHERE));
});

TABLE.call(30, 'wrong tenant, expired token, 61 calls in a minute', async (desk) => {
  await desk.refused(403, desk.xero.getOrganisations(NOWHERE));
  await desk.advance(31 * 60);
  const { body } = await desk.refused(401, desk.xero.getOrganisations(desk.tenant));
  expect(body.Detail?.startsWith('TokenExpired'), `Detail: ${body.Detail}`);
  await desk.logIn(desk.refreshToken);
  await desk.control('POST', 'limits', { minute: 60 });
  await desk.advance(61, true);
  for (let count = 0; count < 60; count += 1) await desk.xero.getOrganisations(desk.tenant);
  const { headers } = await desk.refused(429, desk.xero.getOrganisations(desk.tenant));
  equal(headers['x-rate-limit-problem'], 'minute', 'X-Rate-Limit-Problem');
  await desk.advance(61, true);
});

async function main() {
  const desk = new Desk(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')));
  // The thirty are more than sixty calls; only the last one is about the limit.
  await desk.control('POST', 'limits', { minute: 1000 });
  const failed = show('xero-node', await TABLE.run(desk));
  process.exitCode = failed === 0 ? 0 : 1;
}

main();
