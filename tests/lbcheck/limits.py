#!/usr/bin/env python3
"""Files that are no configurations: too large, too deep, not readable, binary. Each gets one clear error first, in bounded
memory and time (the limits of the child's address space and processor seconds, not of the clock)."""
import json
import os
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, expect, finish  # noqa: E402

MEGABYTE = 1 << 20
SANITIZED = b"__asan" in open(LBCHECK, "rb").read() or b"__tsan" in open(LBCHECK, "rb").read()


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (700 * MEGABYTE, 700 * MEGABYTE))


def judge(path, folder):
    """Exit status and the errors, as (code, line, message)."""
    p = subprocess.run([LBCHECK, "--format=json", path], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=limit)
    expect(len(p.stdout) < 64 * MEGABYTE, f"{path}: {len(p.stdout)} bytes of output")
    found = []
    for text in p.stdout.decode("utf-8", "replace").splitlines():
        entry = json.loads(text)
        if entry.get("level") == "error" and entry.get("code"):
            spans = [s for s in entry["spans"] if s["is_primary"]]
            found.append((entry["code"]["code"], spans[0]["line_start"] if spans else 0, entry["message"]))
    return p.returncode, found


def one(folder, name, text, code, line=None, alone=True):
    """The file gets this error first; and no other one, when it is to be alone."""
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        for part in text if isinstance(text, list) else [text]:
            f.write(part)
    status, errors = judge(name, folder)
    expect(status == 1 and errors and errors[0][0] == code and (line is None or errors[0][1] == line),
           f"{name}: exit {status}, {errors[:2]}")
    expect(not alone or len(errors) == 1, f"{name}: {len(errors)} errors: {errors[:3]}")
    os.unlink(path)


def huge(folder):
    """Sparse: a file of 1 GiB without a line end."""
    path = os.path.join(folder, "huge.cfg")
    with open(path, "wb") as f:
        f.truncate(1 << 30)
    status, errors = judge("huge.cfg", folder)
    expect(status != 0 and len(errors) == 1 and errors[0][0] == "LBE0002" and "too large" in errors[0][2].lower(), f"1 GiB: {status} {errors}")
    os.unlink(path)


def main():
    head = b"defaults\n\tmode http\nfrontend f\n\tbind :80\n"
    with tempfile.TemporaryDirectory() as folder:
        huge(folder)
        one(folder, "line.cfg", [b"global\n", b"a" * (64 * MEGABYTE), b"\n"], "LBE0004", 2)
        one(folder, "zeros.cfg", [b"\0" * (64 * MEGABYTE)], "LBE0004", 1)
        one(folder, "nul.cfg", b"global\n\tmax\0conn 1\n", "LBE0015", 2)
        one(folder, "word.cfg", [b"global\n\t", b"a" * (MEGABYTE - 10), b"\n"], "LBE0118", 2)
        one(folder, "open.cfg", b"global\n" + b".if 1\n" * 100000, "LBE0707", alone=False)
        one(folder, "braces.cfg", head + b"\thttp-request deny if " + b"{ " * 100000 + b"\n", "LBE0020", 5)
        one(folder, "parens.cfg", head + b"\thttp-request set-header a %[" + b"path(" * 100000 + b"]\n", "LBE0503", 5, alone=False)
        one(folder, "percents.cfg", head + b"\tlog-format " + b"%[" * 100000 + b"\n", "LBE0501", 5, alone=False)
        one(folder, "quotes.cfg", b"global\n" + b'\tlog "a\n' * 100000, "LBE0010", 2, alone=False)
        one(folder, "predicate.cfg", b".if " + b"!(" * 100000 + b"\nglobal\n.endif\n", "LBE0710", alone=False)
        one(folder, "sections.cfg", b"".join(b"fronted f%d\n" % i for i in range(100000)), "LBE0101", alone=False)
        os.symlink("round.cfg", os.path.join(folder, "round.cfg"))
        status, errors = judge("round.cfg", folder)
        expect(status != 0 and [e[0] for e in errors] == ["LBE0002"], f"a link to itself: {status} {errors}")
        os.unlink(os.path.join(folder, "round.cfg"))
        os.mkdir(os.path.join(folder, "d"))
        os.symlink(".", os.path.join(folder, "d", "again.cfg"))
        status, errors = judge("d", folder)
        expect(status != 0 and len(errors) == 1, f"a folder that holds itself: {status} {errors}")
        os.mkdir(os.path.join(folder, "empty"))
        status, errors = judge("empty", folder)
        expect(status != 0 and len(errors) == 1, f"an empty folder: {status} {errors}")
        status, errors = judge("none.cfg", folder)
        expect(status != 0 and [e[0] for e in errors] == ["LBE0002"], f"no such file: {status} {errors}")
        if os.geteuid():
            path = os.path.join(folder, "secret.cfg")
            open(path, "w").close()
            os.chmod(path, 0)
            status, errors = judge("secret.cfg", folder)
            expect(status != 0 and [e[0] for e in errors] == ["LBE0002"], f"not readable: {status} {errors}")
        status, errors = judge("/dev/zero", folder)
        expect(status != 0 and len(errors) == 1, f"/dev/zero: {status} {errors}")
    finish()


main()
