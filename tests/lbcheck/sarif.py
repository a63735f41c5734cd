#!/usr/bin/env python3
"""SARIF output against the schema of SARIF 2.1.0 (sarif-2.1.0.json; OASIS standard, as published by SchemaStore and in
@microsoft/jest-sarif 1.0.0 under the MIT licence). Needs Python's jsonschema; without it formats.py still compares the
properties that we use."""
import glob
import json
import os
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, SOURCE, expect, finish  # noqa: E402

try:
    import jsonschema
except ImportError:
    print("no jsonschema: the schema of SARIF is not consulted")
    sys.exit(0)


def main():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sarif-2.1.0.json"), encoding="utf-8") as f:
        schema = json.load(f)
    validator = jsonschema.Draft4Validator(schema)
    expect(not validator.is_valid({"version": "2.1.0", "runs": [{"tool": {}}]}), "the schema takes anything")
    cases = sorted(glob.glob(os.path.join(SOURCE, "tests/golden/diag/*.cfg")))
    expect(len(cases) > 20, "no golden cases")
    results = 0
    # all codes of the golden cases, in a few logs of many files each: validating is what takes time
    for switches in (("--offline", "-Wpedantic"), ("--strict-env", "--compat=2.6")):
        for case in cases:
            p = subprocess.run([LBCHECK, *switches, "--format=sarif", "--max-errors=20", os.path.basename(case)],
                               cwd=os.path.dirname(case), stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            log = json.loads(p.stdout)
            results += len(log["runs"][0]["results"])
            for error in validator.iter_errors(log):
                expect(False, f"{os.path.basename(case)}: {list(error.path)}: {error.message[:200]}")
    expect(results > 500, f"only {results} results")
    finish()


main()
