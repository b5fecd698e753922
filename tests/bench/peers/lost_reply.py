"""Makes one bill with xero-python, as its users do: without a key. Usage: lost_reply.py URL TOKEN TENANT"""

import sys

from xero_python.accounting import AccountingApi, Contact, Invoice, Invoices, LineItem
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

url, token, tenant = sys.argv[1:]
client = ApiClient(
    Configuration(oauth2_token=OAuth2Token("-", "-")),
    oauth2_token_getter=lambda: {"access_token": token, "token_type": "Bearer", "scope": [], "expires_in": 1800},
    oauth2_token_saver=lambda _: None,
)
xero = AccountingApi(client, base_url=f"{url}/api.xro/2.0")
line = LineItem(description="LED panels", quantity=2, unit_amount=40, account_code="429")
bill = Invoice(type="ACCPAY", contact=Contact(name="Panel Supplies"), invoice_number="B-1", line_items=[line])
try:
    xero.create_invoices(tenant, Invoices(invoices=[bill]))
except Exception as error:  # whatever it is, it is what its caller sees
    print(f"{type(error).__name__}")
else:
    print("no error")
