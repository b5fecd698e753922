"""airbyte-source-xero against the sandbox: its two addresses are replaced, nothing else.

Usage: airbyte_source_run.py URL, then the arguments of source-xero
"""

import sys

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.sources.declarative.decoders.json_decoder import JsonDecoder

# As published it does not load on Python 3.11: this class is a default of a dataclass.
JsonDecoder.__hash__ = object.__hash__
from source_xero.source import SourceXero  # noqa: E402

url = sys.argv.pop(1)


def redirected(value):
    if isinstance(value, dict):
        return {key: redirected(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [redirected(inner) for inner in value]
    if isinstance(value, str):
        for host in ("https://identity.xero.com", "https://api.xero.com"):
            value = value.replace(host, url)
    return value


class Redirected(SourceXero):
    def _read_and_parse_yaml_file(self, path):
        return redirected(super()._read_and_parse_yaml_file(path))


# Its manifest and its schemas are looked for beside this module.
Redirected.__module__ = "source_xero.source"
launch(Redirected(), sys.argv[1:])
