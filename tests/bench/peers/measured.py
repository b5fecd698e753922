"""Runs a command and prints how long it took and the most memory it had resident.

Usage: measured.py OUT ERR COMMAND…  (its standard output and error go to these files)
"""

import json
import os
import signal
import sys
import time

LONGEST_S = 180

out, err, *command = sys.argv[1:]
began = time.monotonic()
child = os.fork()
if child == 0:
    for path, number in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.execvp(command[0], command)
signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
signal.alarm(LONGEST_S)
_, status, used = os.wait4(child, 0)
wall_s = time.monotonic() - began
code = os.waitstatus_to_exitcode(status)
if code == -signal.SIGKILL:
    code = f"it was stopped after {LONGEST_S} s"
print(json.dumps({"wall_ms": round(wall_s * 1000), "peak_kib": used.ru_maxrss, "code": code}))
