"""What the calls share: the sandbox, Xero's own client pointed at it, and how a call is judged."""

import json
import traceback
import urllib.request
from decimal import Decimal

import urllib3
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient, oauth2
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.identity import IdentityApi

SCOPES = [
    "offline_access",
    "accounting.transactions",
    "accounting.contacts",
    "accounting.settings",
]


class Refuted(AssertionError):
    """The sandbox did not answer as Xero does."""


def expect(is_so, said):
    if not is_so:
        raise Refuted(said)


def equal(actual, wanted, what):
    expect(actual == wanted, f"{what} is {actual!r}, not {wanted!r}")


class Desk:
    """xero-python in front of one running sandbox."""

    def __init__(self, ready):
        self.url = ready["xero_url"]
        self.tenant = ready["tenants"][0]["tenant_id"]
        self.client_id = ready["client_id"]
        self.client_secret = ready["client_secret"]
        self.first_refresh_token = ready["refresh_token"]
        self.token = {}
        oauth2.TokenApi.refresh_token_url = f"{self.url}/connect/token"
        oauth2.TokenApi.client_credentials_token_url = f"{self.url}/connect/token"
        configuration = Configuration(
            oauth2_token=OAuth2Token(self.client_id, self.client_secret)
        )
        self.client = ApiClient(
            configuration,
            oauth2_token_getter=lambda: self.token,
            oauth2_token_saver=self.keep_token,
        )
        self.sent = 0
        self.count_calls()
        self.tokens = TokenApi(self.client, self.client_id, self.client_secret)
        self.identity = IdentityApi(self.client, base_url=self.url)
        self.xero = AccountingApi(self.client, base_url=f"{self.url}/api.xro/2.0")

    def count_calls(self):
        """Counts what the client means to send; what its transport repeats is not in it."""
        request = self.client.rest_client.request

        def counted(*args, **kwargs):
            self.sent += 1
            return request(*args, **kwargs)

        self.client.rest_client.request = counted

    def keep_token(self, token):
        scope = token.get("scope") or SCOPES
        self.token = {**token, "scope": scope.split() if isinstance(scope, str) else scope}

    def log_in(self, refresh_token):
        """A new pair of tokens, kept for the calls that follow."""
        pair = self.tokens.refresh_token(refresh_token, SCOPES)
        known = {"access_token", "refresh_token", "expires_in", "token_type", "scope", "id_token"}
        self.keep_token({key: value for key, value in pair.items() if key in known})
        return pair

    def repeats(self, allowed):
        """How often the transport may repeat a call that was refused with Retry-After."""
        self.client.rest_client.pool_manager.connection_pool_kw["retries"] = (
            urllib3.Retry(3) if allowed else urllib3.Retry(0)
        )
        self.client.rest_client.pool_manager.clear()

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}", data=data, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def seen(self, since=0):
        """The requests that arrived at the sandbox behind this number."""
        return self.control("GET", f"requests?since={since}")["data"]

    def last_seq(self):
        rows = self.seen()
        return rows[-1]["seq"] if rows else 0

    def advance(self, seconds, everything=False):
        self.control("POST", "clock", {"advance_s": seconds, "all": everything})

    def refused(self, kind, call, *args, **kwargs):
        """The exception that this call must raise."""
        try:
            value = call(*args, **kwargs)
        except kind as refusal:
            return refusal
        except Exception as other:
            raise Refuted(f"{type(other).__name__} instead of {kind.__name__}: {other}") from other
        raise Refuted(f"not refused: {str(value)[:200]}")

    def message_of(self, refusal):
        """The first validation message of a 400."""
        data = refusal.error_data
        equal(data.get("ErrorNumber"), Decimal(10) if isinstance(data.get("ErrorNumber"), Decimal) else 10, "ErrorNumber")
        equal(data.get("Type"), "ValidationException", "Type")
        return data["Elements"][0]["ValidationErrors"][0]["Message"]


class Table:
    """The calls in their order, and what became of each."""

    def __init__(self):
        self.calls = []

    def call(self, number, name, silent=0):
        """Registers a call; `silent` is how many requests its transport repeats unasked."""

        def register(function):
            self.calls.append((number, name, silent, function))
            return function

        return register

    def run(self, desk, made):
        rows = []
        for number, name, silent, function in self.calls:
            before, sent_before = desk.last_seq(), desk.sent
            try:
                function(desk, made)
                reason = None
            except Exception as error:
                reason = describe(error)
            arrived = len(desk.seen(before))
            sent = desk.sent - sent_before
            if reason is None and arrived - sent != silent:
                reason = f"{sent} calls were {arrived} requests at the sandbox"
            rows.append((number, name, sent, arrived, reason))
        return rows


def describe(error):
    if isinstance(error, Refuted):
        return str(error)
    if isinstance(error, KeyError):
        return f"needs an earlier call: {error}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split("HTTP response headers")[0].split())[:160]
    return f"{type(error).__name__} ({place.name}): {said}"


def show(client, rows):
    width = max(len(name) for _, name, *_ in rows)
    print(f" #  {client:<{width}}  calls  requests  result")
    for number, name, sent, arrived, reason in rows:
        result = "passed" if reason is None else f"FAILED: {reason}"
        print(f"{number:>2}  {name:<{width}}  {sent:>5}  {arrived:>8}  {result}")
    failed = sum(reason is not None for *_, reason in rows)
    repeated = sum(arrived - sent for _, _, sent, arrived, _ in rows)
    print(f"{client}: {len(rows) - failed} passed, {failed} failed, {repeated} requests repeated by the client unasked")
    return failed


