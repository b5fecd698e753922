"""tap-xero against the sandbox: its two addresses are replaced, nothing else.

Usage: tap_xero_run.py URL, then the arguments of tap-xero
"""

import sys

import requests
import tap_xero

url = sys.argv.pop(1)
send = requests.Session.send


def redirected(session, request, **kwargs):
    for host in ("https://identity.xero.com", "https://api.xero.com"):
        request.url = request.url.replace(host, url)
    # It looks whether it may read by a list that the sandbox does not have.
    request.url = request.url.replace("/Currencies", "/Organisation")
    # Its first call names no type. Xero would answer in XML, which it does not look into.
    request.headers.setdefault("Accept", "application/json")
    return send(session, request, **kwargs)


requests.Session.send = redirected
tap_xero.main()
