// What the calls share: the sandbox, Xero's own client pointed at it, and how a call is judged.
'use strict';

// The very module that xero-node sends with.
const axios = require(require.resolve('axios', { paths: [require.resolve('xero-node')] }));

const IDENTITY = 'https://identity.xero.com';
const API = 'https://api.xero.com';

class Refuted extends Error {}

function expect(isSo, said) {
  if (!isSo) throw new Refuted(said);
}

function equal(actual, wanted, what) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(wanted)];
  expect(is === should, `${what} is ${is}, not ${should}`);
}

class Desk {
  /** xero-node in front of one running sandbox. */
  constructor(ready) {
    this.url = ready.xero_url;
    this.tenant = ready.tenants[0].tenant_id;
    this.clientId = ready.client_id;
    this.clientSecret = ready.client_secret;
    this.firstRefreshToken = ready.refresh_token;
    this.sent = 0;
    // The two hosts are written into xero-node; everything it sends passes here, once for each call
    // it means to make.
    axios.interceptors.request.use((request) => {
      request.url = request.url.replace(IDENTITY, this.url).replace(API, this.url);
      this.sent += 1;
      return request;
    });
    const { XeroClient } = require('xero-node');
    this.client = new XeroClient({ clientId: this.clientId, clientSecret: this.clientSecret });
    this.xero = this.client.accountingApi;
    this.xero.basePath = `${this.url}/api.xro/2.0`;
  }

  async logIn(refreshToken) {
    const pair = await this.client.refreshWithRefreshToken(this.clientId, this.clientSecret, refreshToken);
    this.refreshToken = pair.refresh_token;
    return pair;
  }

  async control(method, path, body) {
    const answer = await fetch(`${this.url}/_sandbox/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    expect(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.json();
  }

  /** The requests that arrived at the sandbox behind this number. */
  async seen(since = 0) {
    return (await this.control('GET', `requests?since=${since}`)).data;
  }

  async lastSeq() {
    return (await this.seen()).at(-1)?.seq ?? 0;
  }

  advance(seconds, everything = false) {
    return this.control('POST', 'clock', { advance_s: seconds, all: everything });
  }

  /** The refusal this call must give: status, body and headers. */
  async refused(status, calling) {
    let value;
    try {
      value = await calling;
    } catch (error) {
      const said = typeof error === 'string' ? JSON.parse(error).response : error.response;
      if (!said) throw error;
      const code = said.statusCode ?? said.status;
      equal(code, status, 'status');
      return { body: said.body ?? said.data, headers: said.headers };
    }
    throw new Refuted(`not refused: ${JSON.stringify(value?.body)?.slice(0, 200)}`);
  }

  /** The first validation message of a 400. */
  async message(calling) {
    const { body } = await this.refused(400, calling);
    equal([body.ErrorNumber, body.Type], [10, 'ValidationException'], 'ErrorNumber, Type');
    return body.Elements[0].ValidationErrors[0].Message;
  }
}

class Table {
  constructor() {
    this.calls = [];
  }

  call(number, name, act) {
    this.calls.push([number, name, act]);
  }

  async run(desk) {
    const rows = [];
    const made = new Proxy({}, {
      get(target, name) {
        expect(name in target, `needs an earlier call: ${String(name)}`);
        return target[name];
      },
    });
    for (const [number, name, act] of this.calls) {
      const [before, sentBefore] = [await desk.lastSeq(), desk.sent];
      let reason = null;
      try {
        await act(desk, made);
      } catch (error) {
        reason = describe(error);
      }
      const arrived = (await desk.seen(before)).length;
      const sent = desk.sent - sentBefore;
      if (reason === null && arrived !== sent) reason = `${sent} calls were ${arrived} requests at the sandbox`;
      rows.push({ number, name, sent, arrived, reason });
    }
    return rows;
  }
}

function describe(error) {
  if (error instanceof Refuted) return error.message;
  if (typeof error === 'string') {
    const { statusCode, body } = JSON.parse(error).response;
    return `${statusCode}: ${JSON.stringify(body)?.slice(0, 160)}`;
  }
  return String(error.message ?? error).slice(0, 160);
}

function show(client, rows) {
  const width = Math.max(...rows.map((row) => row.name.length));
  console.log(` #  ${client.padEnd(width)}  calls  requests  result`);
  for (const { number, name, sent, arrived, reason } of rows) {
    const result = reason === null ? 'passed' : `FAILED: ${reason}`;
    const columns = [String(number).padStart(2), name.padEnd(width), String(sent).padStart(5), String(arrived).padStart(8)];
    console.log([...columns, result].join('  '));
  }
  const failed = rows.filter((row) => row.reason !== null).length;
  const repeated = rows.reduce((sum, row) => sum + row.arrived - row.sent, 0);
  console.log(
    `${client}: ${rows.length - failed} passed, ${failed} failed, ${repeated} requests repeated by the client unasked`,
  );
  return failed;
}

module.exports = { Desk, Table, equal, expect, show };
