"""Waiting for an event, instead of sleeping for long enough."""
import os
import time

WAIT = 60.0  # seconds that anything may take on a busy machine; nothing waits that long when all is well


def wait(true, seconds=WAIT, pause=0.02):
    """What the function gives once that is true; whatever it gives at the end of the time. An OSError is "not yet": nobody listens."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = true()
        except OSError:
            value = None
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


def wait_for_file(path, process, seconds=WAIT):
    """Until the process has made it, or has ended."""
    wait(lambda: os.path.exists(path) or process.poll() is not None, seconds)
    return process.poll() is None and os.path.exists(path)
