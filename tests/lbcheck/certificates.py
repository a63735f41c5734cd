#!/usr/bin/env python3
"""Findings about certificates, with the place they point to. Certificates are made anew; dates in the past by `openssl ca`,
which may set them."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, expect, finish  # noqa: E402

HEAD = """defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
"""


class Folder:
    def __init__(self, path):
        self.path = path
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
                     "ca.pem", "-days", "400", "-subj", "/CN=Authority")
        with open(self.name("ca.cnf"), "w") as f:
            f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\n"
                    "default_md=sha256\npolicy=p\nunique_subject=no\ncopy_extensions=copy\n[p]\ncommonName=supplied\n")
        open(self.name("index"), "w").close()
        self.write("serial", "01\n")

    def name(self, file):
        return os.path.join(self.path, file)

    def write(self, file, text):
        with open(self.name(file), "w") as f:
            f.write(text)

    def read(self, file):
        with open(self.name(file)) as f:
            return f.read()

    def openssl(self, *words):
        return subprocess.run(("openssl",) + words, cwd=self.path, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)

    def make(self, name, names, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), start="20240101000000Z", end=None, days="300",
             digest="sha256"):
        """NAME.pem with certificate and key, NAME.crt and NAME.key apart in folder parts/."""
        os.makedirs(self.name("parts"), exist_ok=True)
        crt, private = "parts/%s.crt" % name, "parts/%s.key" % name
        self.openssl("req", "-new", "-newkey", *key, "-nodes", "-keyout", private, "-out", "request", "-subj", "/CN=" + names[0],
                     "-addext", "subjectAltName=" + ",".join("DNS:" + n for n in names))
        when = ("-startdate", start, "-enddate", end) if end else ("-days", days)
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-in", "request", "-out", crt, "-notext", "-md", digest, *when)
        self.write(name + ".pem", self.read(crt) + self.read(private))

    def check(self, text, *switches):
        """Findings: (code, file, line, what the span covers), message by code."""
        self.write("t.cfg", HEAD + text)
        env = {k: v for k, v in os.environ.items() if k != "LBD_COMPAT"}
        p = subprocess.run([LBCHECK, "--format=json", *switches, "t.cfg"], cwd=self.path, env=env, capture_output=True, text=True,
                           timeout=60)
        found = []
        for line in p.stdout.splitlines():
            d = json.loads(line)
            # frontends of these cases have no backends, and what is pedantic is asked of certificates only
            if not d.get("code") or d["code"]["code"] in ("LBW1026", "LBW1029", "LBW1037"):
                continue
            places = [x for x in d["spans"] if x["is_primary"]]
            if not places:
                continue
            s = places[0]
            row = s["text"][0]
            found.append((d["code"]["code"][3:], s["file_name"], s["line_start"],
                          row["text"][row["highlight_start"] - 1:row["highlight_end"] - 1]))
        self.output = p.stdout
        return found


def case(folder, text, want, *switches):
    found = folder.check(text, *switches)
    expect(sorted(found) == sorted(want), "%s\n  found %s\n  not   %s" % (text, sorted(found), sorted(want)))


def main():
    with tempfile.TemporaryDirectory() as path:
        f = Folder(path)
        f.make("good", ["a.example"])
        f.make("again", ["a.example", "b.example"])
        f.make("rsa", ["a.example"], key=("rsa:2048",))
        f.make("wild", ["*.example.org"])
        f.make("past", ["past.example"], end="20240601000000Z")
        f.make("later", ["later.example"], start="20900101000000Z", end="20910101000000Z")
        f.make("soon", ["soon.example"], end=None, days="3")
        short = subprocess.run(["date", "-u", "-d", "+5 days 12 hours", "+%Y%m%d%H%M%SZ"], capture_output=True, text=True).stdout.strip()
        f.make("ends", ["ends.example"], end=short)
        f.make("weak", ["weak.example"], key=("rsa:1024",))
        f.make("sha1", ["sha1.example"], digest="sha1")
        f.write("other.pem", f.read("parts/good.crt") + f.read("parts/again.key"))
        f.write("keyless.pem", f.read("parts/good.crt"))
        f.write("beside.pem", f.read("parts/good.crt"))
        f.write("beside.pem.key", f.read("parts/good.key"))
        f.write("empty.pem", "nothing\n")
        f.openssl("pkcs8", "-topk8", "-in", "parts/good.key", "-out", "locked.key", "-passout", "pass:secret")
        f.write("locked.pem", f.read("parts/good.crt") + f.read("locked.key"))
        f.write("huge.pem", "")
        os.truncate(f.name("huge.pem"), 20 << 20)
        bind = "frontend f\n    bind :8443 ssl crt "
        one = [("good", []), ("beside", []), ("soon", []), ("past", ["0921"]), ("later", ["0921"]), ("ends", ["0922"]),
               ("other", ["0923"]), ("keyless", ["0923"]), ("weak", ["0924"]), ("sha1", ["0924"]), ("empty", ["0925"]),
               ("locked", ["0923"]), ("huge", ["0925"])]
        for name, codes in one:
            case(f, bind + name + ".pem\n", [(c, "t.cfg", 7, name + ".pem") for c in codes])
            case(f, bind + name + ".pem\n", [], "--offline")
            case(f, "backend b\n    server s 192.0.2.1:80 ssl verify required ca-file ca.pem crt %s.pem\n" % name,
                 [(c, "t.cfg", 7, name + ".pem") for c in codes])
        f.check(bind + "ends.pem\n")
        expect("expires in 5 days" in f.output, "how many days are left")
        # What HAProxy would refuse is an error where its environment counts.
        f.check(bind + "other.pem\n", "--strict-env")
        expect('"level":"error"' in f.output.replace(" ", ""), "--strict-env: a key of another certificate is an error")
        # A program may know the passphrase.
        case(f, "global\n    ssl-passphrase-cmd /bin/echo\n" + bind + "locked.pem\n", [])
        # Two certificates for one name: of one kind, and of two.
        case(f, bind + "good.pem crt again.pem\n", [("1062", "t.cfg", 7, "again.pem")])
        case(f, bind + "good.pem crt rsa.pem\n", [])
        case(f, bind + "good.pem crt good.pem\n", [])
        case(f, "frontend f\n    bind :8443 ssl crt good.pem\n    bind :8444 ssl crt again.pem\n", [])
        os.mkdir(f.name("folder"))
        shutil.copy(f.name("good.pem"), f.name("folder/1.pem"))
        shutil.copy(f.name("again.pem"), f.name("folder/2.pem"))
        shutil.copy(f.name("empty.pem"), f.name("folder/2.pem.ocsp"))
        case(f, bind + "folder\n", [("1062", "t.cfg", 7, "folder")])
        # crt-lists: findings stand in the list.
        lists = "frontend f\n    bind :8443 ssl crt-list list\n"
        f.write("list", "good.pem\n# nothing\nwild.pem a.example.org\nwild.pem [alpn h2] A.example.org b.example.org\n"
                "wild.pem *.example.org !c.example.org\nwild.pem !d.example.net\npast.pem\n")
        case(f, lists, [("1061", "list", 4, "wild.pem [alpn h2] A.example.org b.example.org"), ("1061", "list", 6, "wild.pem !d.example.net"),
                        ("0921", "list", 7, "past.pem")])
        f.write("list", "good.pem\ngood.pem [nothing such]\n")
        case(f, lists, [("0926", "t.cfg", 7, "list")])
        # Names of crt-stores: the certificate and its key are apart.
        case(f, "crt-store s\n    crt-base parts\n    key-base parts\n    load crt good.crt key good.key\n    load crt past.crt key good.key\n"
             "frontend f\n    bind :8443 ssl crt @s/good.crt\n",
             [(c, "t.cfg", 10, "load crt past.crt key good.key") for c in ("0921", "0923")])
        case(f, "crt-store s\n    load crt good.pem\nfrontend f\n    bind :8443 ssl crt @s/other\n", [("0216", "t.cfg", 9, "@s/other")])
        os.mkdir(f.name("base"))
        shutil.copy(f.name("past.pem"), f.name("base/x.pem"))
        f.write("list", "x.pem\n")
        case(f, "global\n    crt-base base\nfrontend f\n    bind :8443 ssl crt x.pem crt-list list\n",
             [("0921", "t.cfg", 9, "x.pem")])
    finish()


if not shutil.which("openssl"):
    sys.exit(0)
main()
