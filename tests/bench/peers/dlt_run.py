"""dlt's REST source reads the sandbox's invoices into a duckdb file, by page numbers.

Usage: dlt_run.py URL TOKEN TENANT FOLDER PAGE_SIZE [ids]  (ids: prints what is in the file, and reads nothing)
"""

import os
import sys

url, token, tenant, folder, page_size, *what = sys.argv[1:]
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
if what == ["ids"]:
    import duckdb

    rows = duckdb.connect(f"{folder}/invoices.duckdb", read_only=True)
    for (invoice,) in rows.execute("select invoice_id from xero.invoices").fetchall():
        print(invoice)
    sys.exit()

import dlt  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

source = rest_api_source(
    {
        "client": {
            "base_url": f"{url}/api.xro/2.0/",
            "headers": {"Accept": "application/json", "Xero-Tenant-Id": tenant},
            "auth": {"type": "bearer", "token": token},
            "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
        },
        "resources": [
            {
                "name": "invoices",
                "primary_key": "InvoiceID",
                "write_disposition": "append",
                "endpoint": {
                    "path": "Invoices",
                    "data_selector": "Invoices",
                    "headers": {"If-Modified-Since": "{incremental.start_value}"},
                    "params": {"pageSize": int(page_size)},
                    "incremental": {"cursor_path": "UpdatedDateUTCString", "initial_value": "2020-01-01T00:00:00"},
                },
            }
        ],
    }
)
pipeline = dlt.pipeline(
    "xero",
    pipelines_dir=f"{folder}/pipelines",
    destination=dlt.destinations.duckdb(f"{folder}/invoices.duckdb"),
    dataset_name="xero",
)
pipeline.run(source)
