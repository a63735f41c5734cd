"""What the tests of lbcheck share: running it on texts, and counting what went wrong."""
import os
import subprocess
import sys
import tempfile

LBCHECK = os.path.abspath("lbcheck")
SOURCE = os.path.abspath(os.environ.get("srcdir", os.path.join(os.path.dirname(__file__), "..", "..")))
failures = []


def run(*args, **files):
    """lbcheck in a folder with these files (name without .cfg); status, standard output and error."""
    env = {k: v for k, v in os.environ.items() if k not in ("LBD_COMPAT", "FORCE_COLOR", "CLICOLOR_FORCE")}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(os.path.join(folder, name + ".cfg"), "w") as f:
                f.write(text)
        p = subprocess.run([LBCHECK, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
        if p.returncode not in (0, 1, 2):
            expect(False, f"{args}: exit {p.returncode}: {p.stderr[-2000:]}")
        after = {}
        for name in files:
            with open(os.path.join(folder, name + ".cfg")) as f:
                after[name] = f.read()
    p.after = after
    return p


def expect(condition, what):
    if not condition:
        failures.append(what)
        print("FAIL:", what)


def finish():
    sys.exit(1 if failures else 0)
