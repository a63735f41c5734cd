"""Random configurations from the rows of the registry: mostly valid, some damaged. Nothing in them depends on the machine:
addresses are numbers, no file is named. The same seed gives the same text."""
import random
import re

import registry

SETS = {"tcp-request connection": "TC", "tcp-request session": "TS", "tcp-request content": "TQ",
        "tcp-response content": "TR", "http-request": "HQ", "http-response": "HR", "http-after-response": "HA"}
# What Debian's HAProxy was built without, and what names files, some of which it would make.
LEFT_OUT = ("wurfl", "deviceatlas", "51degrees", "tune.quic", "ssl-engine", "ssl-propquery", "issuers-chain-path", "tls-ticket-keys", "backing-file",
         "httpclient.ssl.ca-file", "lua-load", "ssl-provider", "profiling.memory")
PROXIES = ("frontend", "backend", "listen", "defaults")
WORDS = ["a", "foo", "x-y", "bar_2", "/p", "1", "0", "10.0.0.1", "GET", "text/html", "a.b"]
VARS = ["txn.a", "req.b", "sess.c", "proc.d", "res.e", "txn.f.g", "req.a_b"]
NUMBERS = ["0", "1", "2", "10", "100", "256", "1000", "65535", "100000"]
TIMES = ["1", "10s", "500ms", "1m", "2h", "1d", "100us", "0"]
SIZES = ["1", "100", "4k", "1m", "16384"]
ODD = ["-1", "abc", "", "10x", "1,2", "%", "%[", "99999999999", "{", "}", "!", "||", "if", "unless", "or", "(", ")", "''", '""',
       "-i", "-m", "--", "-f", "no", "default", "\\ ", "a b", "*", ":", "::1", "127.0.0.1:80", "@", "%[src]", "1h", "on", "off"]
PATTERNS = {"BOOL": [], "SINT": ["1", "gt 5", "1:10", "le 3 4", "lt -1"], "STR": ["a", "-i a b", "-m beg x", "-m found", "-m len 3", "-m reg ^a"],
            "BIN": ["-m bin 00ff", "-m found", "-m str a"], "IPV4": ["10.0.0.0/8", "1.2.3.4 ::1"], "ADDR": ["10.0.0.1"], "IPV6": ["::1"],
            "METH": ["GET", "POST HEAD"], "ANY": ["a"], "SAME": ["a"]}


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.keywords = [k for k in registry.keywords() if k.since <= 206 and (not k.until or k.until > 206)
                         and not k.name.startswith(LEFT_OUT)]
        self.fetches = [row for row in registry.rows("fetches.def", "FETCH") if row[5] == "206" and not row[1].startswith("lua")]
        self.convs = [row for row in registry.rows("converters.def", "CONV") if row[5] == "206" and not row[1].startswith("lua")]
        self.aliases = [row[0] for row in registry.rows("acl_aliases.def", "ACL_ALIAS")]
        self.actions = [row for row in registry.rows("actions.def", "ACTION") if row[5] == "206" and row[1] != "lua."]
        self.formats = [row[1] for row in registry.rows("logfmt.def", "LOGFMT") if row[3] == "206"]

    def pick(self, items):
        return self.r.choice(items)

    def chance(self, share):
        return self.r.random() < share

    # --- samples

    def argument(self, letter):
        return {"s": self.pick(["a", "b", "x-y", "10"]), "i": self.pick(["0", "1", "2", "8"]), "I": self.pick(["1", "5", "txn.a"]),
                "b": self.pick(["b1", "b2"]), "f": "f1", "v": self.pick(["b1/s1", "s1"]), "u": "u1", "t": self.pick(["b1", "t1"]),
                "4": "1.2.3.4", "6": "::1", "m": "24", "M": "64", "r": "a.", "V": self.pick(VARS), "p": "1"}.get(letter, "a")

    def arguments(self, spec):
        must, _, may = spec.partition("|")
        letters = must + may[:self.r.randint(0, len(may))] if self.chance(0.6) else must
        if self.chance(0.04):
            letters += "s"
        return "(" + ",".join(self.argument(letter) for letter in letters) + ")" if letters else ""

    def sample(self):
        row = self.pick(self.fetches)
        text = row[1] + self.arguments(row[2])
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            row = self.pick(self.convs)
            text += "," + row[1] + self.arguments(row[2])
        return text

    def term(self):
        if self.chance(0.15):
            return self.pick(["TRUE", "FALSE", "METH_GET", "HTTP_1.1", "LOCALHOST", "a1", "a1", "nosuch"] if self.chance(0.3) else ["a1"])
        if self.chance(0.4):
            return "{ " + self.pick(self.aliases) + " a }"
        row = self.pick(self.fetches)
        text = row[1] + self.arguments(row[2])
        kind = row[3]
        if self.chance(0.3):
            row = self.pick(self.convs)
            text, kind = text + "," + row[1] + self.arguments(row[2]), row[4]
        return "{ " + " ".join([text] + ([self.pick(PATTERNS[kind])] if PATTERNS.get(kind) else [])) + " }"

    def condition(self):
        words = [self.pick(["if", "if", "if", "unless"])]
        for i in range(self.pick([1, 1, 1, 2, 3])):
            if i and self.chance(0.3):
                words.append(self.pick(["or", "||"]))
            words.append(self.pick(["", "", "!"]) + self.term())
        return " ".join(words)

    def format(self):
        parts = [self.pick(["x", "/a", "%%", "%[" + self.sample() + "]", "%" + self.pick(self.formats), "%{+Q}o", "-"])
                 for _ in range(self.pick([1, 1, 2, 3]))]
        return '"' + "".join(parts).replace('"', "") + '"'

    # --- rules

    def action(self, row):
        v, fmt = self.pick(VARS), self.format
        name, number, size = row[1], self.pick(NUMBERS), self.pick(["1", "3"])
        made = {
            "bare": lambda: "", "auth": lambda: self.pick(["", "realm x"]), "capture": lambda: self.sample() + " len 10",
            "counter": lambda: "", "counter_value": lambda: self.pick(["1", self.sample()]), "del_header": lambda: self.pick(["x", "x -m beg"]),
            "deny": lambda: self.pick(["", "deny_status 403", "deny_status " + number, "status 404", "status 403 content-type text/plain string a"]),
            "file_key": lambda: fmt(), "file_key_value": lambda: fmt() + " " + fmt(), "fmt": fmt, "header": lambda: "x-a " + fmt(),
            "log_level": lambda: self.pick(["silent", "emerg", "info", "foo"]), "name": lambda: self.pick(["c1", "a"]),
            "normalize": lambda: self.pick(["path-merge-slashes", "path-strip-dot", "percent-to-uppercase", "query-sort-by-name", "fragment-strip"]),
            "number": lambda: number, "number_or_sample": lambda: self.pick([number, self.sample()]), "on_off": lambda: self.pick(["on", "off"]),
            "redirect": lambda: self.pick(["location ", "prefix "]) + fmt() + self.pick(["", " code 302", " code 301 drop-query", " set-cookie a"]),
            "replace": lambda: "a(.) " + fmt(), "replace_header": lambda: "x a(.) " + fmt(),
            "return": lambda: self.pick(["status 200", "status 200 content-type text/plain string a", "status " + number,
                                         "content-type a lf-string " + fmt(), "status 200 hdr x " + fmt()]),
            "sample": self.sample, "set_var": self.sample, "set_var_fmt": fmt, "silent_drop": lambda: "",
            "status": lambda: self.pick(["200", "404 reason x", number]), "switch_mode": lambda: self.pick(["http", "http proto h2"]),
            "time_or_sample": lambda: self.pick([self.pick(TIMES), self.sample()]), "unset_var": lambda: "",
            "timeout": lambda: self.pick(["server ", "tunnel "]) + self.pick([self.pick(TIMES), self.sample()]),
            "track": lambda: self.sample() + self.pick(["", " table b1", " table t1"]), "wait_body": lambda: "time 1s" + self.pick(["", " at-least 10"]),
            "two_names": lambda: "a b", "do_resolve": self.sample, "lua": lambda: "", "bandwidth": lambda: "a", "layer4": lambda: "",
        }.get(row[6], lambda: "")()
        inside = {"set_var": v, "unset_var": v, "set_var_fmt": v, "counter": "0", "counter_value": "0", "file_key": "/nofile",
                  "file_key_value": "/nofile", "do_resolve": "txn.a,r1,ipv4"}.get(row[6], "0")
        return name + ("(" + inside + ")" if row[2] == "PAREN" else "") + (" " + made if made else "")

    def rule(self):
        name = self.pick(list(SETS))
        row = self.pick([row for row in self.actions if SETS[name] in row[3]] if self.chance(0.97) else self.actions)
        return name + " " + self.action(row) + (" " + self.condition() if self.chance(0.6) else "")

    # --- lines

    def value(self, k):
        if k.kind in ("VAL_FLAG", "VAL_OPTION"):
            return ""
        if k.kind == "VAL_UINT":
            return self.pick(NUMBERS + [str(k.min), str(k.max), str(k.max + 1)] if k.max else NUMBERS)
        if k.kind in ("VAL_TIME_MS", "VAL_TIME_S"):
            return self.pick(TIMES)
        if k.kind == "VAL_CHOICE":
            return self.pick(k.choices.split("|"))
        return {"VAL_SIZE": self.pick(SIZES), "VAL_PERCENT": self.pick(["0", "50", "100", "101"]), "VAL_ON_OFF": self.pick(["on", "off"])}.get(
            k.kind, self.pick(WORDS))

    def options(self, place, share):
        rows = [k for k in self.keywords if place in k.places]
        words = []
        for _ in range(self.pick([0, 0, 1, 1, 2, 3])):
            k = self.pick(rows)
            if k.kind in ("VAL_CUSTOM", "VAL_FILE", "VAL_DIR") and not self.chance(share):
                continue
            words.append((k.name + " " + self.value(k)).strip())
        return " ".join(words)

    def special(self, section):
        address = self.pick(["127.0.0.1:81", ":8080", "127.0.0.1:1000-1002", "::1:80", "*:80", "ipv4@1.2.3.4:80", "unix@/tmp/s"])
        front = ["bind " + address + " " + self.options("bind", 0.02), "acl a1 " + self.term()[2:-2], "acl " + self.pick(WORDS) + " " + self.term()[2:-2],
                 "use_backend " + self.pick(["b1", "b2", "%[" + self.sample() + "]"]) + " " + self.condition(), "default_backend b1", "log-format " + self.format(),
                 "unique-id-format " + self.format(), "declare capture request len 10", "capture request header x len 10", "monitor fail " + self.condition(),
                 "mode " + self.pick(["tcp", "http"])]
        back = ["server s%d " % self.r.randint(1, 3) + self.pick(["1.2.3.4:80", "1.2.3.4", "127.0.0.1:81"]) + " " + self.options("server", 0.02),
                "acl a1 " + self.term()[2:-2], "use-server s1 " + self.condition(), "balance " + self.pick(["roundrobin", "leastconn", "source", "uri depth 1", "hdr(a)", "url_param a", "random(2)", "rdp-cookie"]),
                "stick on " + self.sample() + self.pick(["", " table t1", " table b1"]), "stick store-response " + self.sample() + " table t1", "stick match " + self.sample() + " " + self.condition(),
                "stick-table type " + self.pick(["ip", "string len 10", "integer", "ipv6", "binary"]) + " size 1k expire 1s store " + self.pick(["gpc0", "conn_rate(1s)", "http_req_rate(10s),gpt0", "conn_cnt"]),
                "cookie a insert " + self.pick(["", "indirect", "nocache", "maxidle 1h", "httponly secure"]), "http-check send meth GET uri /", "http-check expect status 200",
                "tcp-check connect port 80", "tcp-check send a", "tcp-check expect string a", "option httpchk", "option tcp-check", "default-server " + self.options("default-server", 0.02),
                "hash-type consistent", "retry-on conn-failure 503", "email-alert to a", "compression algo gzip", "http-send-name-header x",
                "force-persist " + self.condition(), "http-reuse safe", "mode " + self.pick(["tcp", "http"]), "dispatch 1.2.3.4:80", "source 1.2.3.4"]
        return self.pick(front if section == "frontend" else back if section == "backend" else front + back)

    def line(self, section):
        if section in PROXIES and self.chance(0.45):
            return self.special(section)
        if section in PROXIES and self.chance(0.55):
            return self.rule()
        rows = [k for k in self.keywords if section in k.places and k.kind not in ("VAL_FILE", "VAL_DIR")]
        k = self.pick(rows)
        while k.kind in ("VAL_CUSTOM", "VAL_WORDS") and not k.example and not self.chance(0.15):
            k = self.pick(rows)  # nothing says what its words are: seldom valid
        if k.example and self.chance(0.95 if k.kind in ("VAL_CUSTOM", "VAL_WORDS") else 0.3):
            return self.pick(k.example.split("\\n")).strip()
        return self.pick(["", "", "", "", "no ", "default "] if re.search(r"\bKW_NO\b", k.flags) or k.kind == "VAL_OPTION" else [""]) + k.name + " " + self.value(k)

    def damage(self, line):
        words = re.findall(r'"[^"]*"|\S+', line)
        at = self.r.randrange(len(words))
        kind = self.r.randrange(7)
        if kind == 0:
            del words[at]
        elif kind == 1:
            words.insert(at, self.pick(ODD))
        elif kind == 2:
            words[at] = self.pick(ODD)
        elif kind == 3 and len(words) > 1:
            other = self.r.randrange(len(words))
            words[at], words[other] = words[other], words[at]
        elif kind == 4:
            words[at] = words[at][:self.r.randrange(len(words[at])) + 1]
        elif kind == 5:
            words.append(self.pick(ODD + ["if TRUE", "x"]))
        else:
            i = self.r.randrange(len(words[at]))
            words[at] = words[at][:i] + self.pick("axz0_-,.()/:") + words[at][i + 1:]
        return " ".join(words)

    def configuration(self, damaged):
        section = self.pick(["frontend"] * 5 + ["backend"] * 5 + ["listen"] * 2 + ["defaults", "global", "global", "peers", "resolvers", "cache", "userlist", "mailers", "ring", "http-errors", "log-forward", "fcgi-app"])
        lines = [self.line(section) for _ in range(self.pick([1, 1, 1, 2, 3]))]
        if damaged:
            at = self.r.randrange(len(lines))
            lines[at] = self.damage(lines[at]) or "#"
        mode = self.pick(["http", "http", "tcp"])
        text = f"defaults\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n mode {mode}\n"
        text += "userlist u1\n user a insecure-password b\nbackend t1\n stick-table type string len 20 size 1k expire 1h store gpc0,http_req_rate(1s),conn_cur\n"
        text += "backend b2\n server s1 1.2.3.4:80\nresolvers r1\n nameserver n 127.0.0.1:53\n"
        name = "" if section == "global" else " " + {"frontend": "f1", "backend": "b1"}.get(section, "x1")
        if section != "backend":
            text += "backend b1\n server s1 1.2.3.4:80\n stick-table type ip size 1k expire 1h store gpc0\n"
        else:
            text += "frontend f1\n bind 127.0.0.1:80\n"
        body = section + name + "\n"
        if section in ("frontend", "listen", "backend") and self.chance(0.6):
            body += " acl a1 path_beg /a\n" if mode == "http" else " acl a1 src 1.2.3.4\n"
        if section in ("cache", "ring", "fcgi-app") and self.chance(0.8):
            body += {"cache": " total-max-size 4\n", "ring": " format raw\n size 32768\n", "fcgi-app": " docroot /tmp\n"}[section]
        return text + body + "".join(" " + line + "\n" for line in lines), lines
