"""The cases of traffic: those of traffic.cases, and one for each handful of rows of grammar/keywords that HAProxy 2.6 has."""
import os
import re

import registry

HERE = os.path.dirname(os.path.abspath(__file__))
STORE = ("conn_cnt,conn_cur,conn_rate(1h),sess_cnt,sess_rate(1h),http_req_cnt,http_req_rate(1h),http_err_cnt,http_err_rate(1h),http_fail_cnt,"
         "http_fail_rate(1h),bytes_in_cnt,bytes_in_rate(1h),bytes_out_cnt,bytes_out_rate(1h),gpc(2),gpc_rate(2,1h),gpt(2),server_id")
FILES = {
    "keys": "one\n/path\n.html\nexample.com\nto\n^/p\ntwo\n# a comment\n\n17\n",
    "nets": "10.0.0.0/8\n203.0.113.9\n2001:db8::/32\n",
    "map": "one first\n/path/to/File.html file\n/path begin\n.html end\nexample.com dom\nto dir\napi sub\nX no\n",
    "map_reg": "^/p(.*) p\n[0-9]+ digits\n^([a-z]+)\\.([a-z]+) \\2-\\1\n",
    "map_num": "one 11\n/path/to/File.html 12\n/path 13\n.html 14\nexample.com 15\nto 16\napi 17\n",
    "map_addr": "one 10.0.0.1\n/path/to/File.html 10.0.0.2\n/path 10.0.0.3\n.html 10.0.0.4\nexample.com 10.0.0.5\nto ::1\napi 10.0.0.7\n",
    "map_reg_num": "^/p 1\n[0-9]+ 2\n", "map_reg_addr": "^/p 10.0.0.8\n[0-9]+ 10.0.0.9\n",
    "map_int": "17 seventeen\n-5 minus\n", "map_int_num": "17 170\n", "map_int_addr": "17 10.0.0.17\n",
    "map_ip": "203.0.113.0/24 net\n10.0.0.0/8 ten\n", "map_ip_num": "203.0.113.0/24 1\n10.0.0.0/8 2\n", "map_ip_addr": "203.0.113.0/24 10.0.0.1\n",
    "map_live": "www.Example.com:8080 live\n", "keys_live": "/x\n",
    "403.http": "HTTP/1.0 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n", "text": "a text %[path]\n",
}
HEAD = """global
    nbthread 1
    maxconn 500
    node here
    setenv TRAFFIC jam
    log 127.0.0.1:LOGPORT format raw local0
    expose-experimental-directives
resolvers names
    nameserver n 127.0.0.1:DNSPORT
userlist users
    group staff users joe
    user joe insecure-password secret
    user ann insecure-password x
cache kept
    total-max-size 4
    max-age 60
http-errors wrong
    errorfile 403 403.http
defaults
    mode http
    log global
    log-format %s
    timeout connect 2s
    timeout client 2s
    timeout server 8s
    timeout http-keep-alive 2s
    timeout tarpit 30ms
    unique-id-format %%{+X}o%%ci:%%cp
"""
# Arguments where the letters of the row do not say enough.
ARGS = {
    "bin": "616263", "bool": "true", "env": "TRAFFIC", "str": "a-b", "meth": "GET", "int": "-5", "ipv4": "1.2.3.4", "ipv6": "2001:db8::1",
    "distcc_body": "ARGV", "distcc_param": "ARGC", "payload": "0,10", "payload_lv": "0,2", "req.payload": "4,8", "req.payload_lv": "0,1",
    "res.payload": "0,8", "res.payload_lv": "0,1", "var": "txn.v", "rand": "1", "capture.req.hdr": "0", "capture.res.hdr": "0",
    "http_auth": "users", "http_auth_group": "users", "hdr_ip": "x-ip", "req.hdr_ip": "x-ip", "hdr_val": "x-n", "req.hdr_val": "x-n",
    "res.hdr_ip": "x-rip", "shdr_ip": "x-rip", "res.hdr_val": "x-rn", "shdr_val": "x-rn", "cook_val": "x", "req.cook_val": "x", "urlp_val": "b",
    "url_param": "a", "urlp": "a", "req.body_param": "a", "internal.htx_blk.data": "tail", "internal.htx_blk.hdrname": "1", "internal.htx_blk.hdrval": "2",
    "internal.htx_blk.size": "first", "internal.htx_blk.start_line": "head", "internal.htx_blk.type": "3", "table_avl": "TAB", "table_cnt": "TAB",
}
# Figures that time or chance decide: that there is one is compared, not which.
VOLATILE = {"fe_req_rate": ",mul(0)", "fe_sess_rate": ",mul(0)", "be_sess_rate": ",mul(0)", "srv_sess_rate": ",mul(0)", "date": ",mul(0)", "date_us": ",mul(0)", "uuid": ",length", "lat_ns_avg": ",mul(0)", "lat_ns_tot": ",mul(0)", "fc_rtt": ",mul(0)", "fc_rttvar": ",mul(0)"}
LETTERS = {"b": "BE", "f": "FE", "v": "BE/s", "t": "TAB", "i": "0", "u": "users", "s": "x-a"}
RESPONSE_PLACES = {"RESPONSE", "SERVER", "CHOSEN", "TRANSFER"}
CONVERTERS = [
    "req.hdr(x-a),aes_gcm_dec(128,txn.v,txn.v,txn.v)", "path,capture-req(0)", "src,in_table(TAB)", 'req.hdr(x-b),jwt_verify("HS256","k")',
    "int(1500000000),ltime(%H)", "str(BE),nbsrv", "str(BE/s),srv_queue", "path,set-var(txn.z)", "path,unset-var(txn.z)",
]
PATTERNS = {
    "STR": "one 2 /path/to/File.html s1 joe", "BEG": "o /pa s w", "END": "e .html 1 two", "SUB": "n / s", "DOM": "example.com to", "DIR": "path to api",
    "REG": "^/p [0-9]+ ^o", "LEN": "3 2 17:60", "INT": "0:3 17", "BIN": "47 6f6e65", "IP": "203.0.113.0/24 192.0.2.7", "BOOL": "", "FOUND": "",
    "METH": "GET POST",
}


class Case:
    def __init__(self, title, lines, words=""):
        self.title, self.name = title, ""
        self.lines = [line for line in lines if not line.startswith(("be: ", "raw: "))]
        self.backend = [line[4:] for line in lines if line.startswith("be: ")]
        self.silent = "silent" in words.split()
        self.patience = 0.25 if "slow" in words.split() else 10
        found = re.search(r"mask (\S+)", words)
        self.mask = re.compile(found.group(1)) if found else None

    def text(self):
        return "\n".join(self.lines + self.backend)


def written():
    cases, title, lines, words = [], None, [], ""
    with open(os.path.join(HERE, "traffic.cases"), encoding="utf-8") as f:
        for line in f.read().split("\n") + ["= "]:
            if line.startswith("= "):
                if title:
                    cases.append(Case(title, lines, words))
                title, _, words = line[2:].partition(" | ")
                lines = []
            elif line.strip() and not line.startswith("#"):
                lines.append(line)
    return cases


def rows_26(name, macro):
    """id, name, arguments, type or set, place, function"""
    for row in registry.rows(name, macro):
        yield row


def fetch_expressions():
    for row in registry.rows("fetches.def", "FETCH"):
        _, name, args, kind, place, since, function = row[:7]
        if int(since) > 206 or function == "none" or name == "lua.":
            continue
        required, _, optional = args.partition("|")
        variants = []
        if name in ARGS:
            variants.append(f"({ARGS[name]})")
        else:
            given = ",".join(LETTERS.get(c, "0") for c in required)
            variants.append(f"({given})" if given else "")
            if optional[:1] == "s" and name.endswith(("hdr", "hdr_cnt", "cook", "cook_cnt")):
                word = {"hdr": "x-r" if name.startswith(("res", "shdr")) else "x-a", "coo": "SRV"}[
                    "coo" if "cook" in name else "hdr"]
                variants.append(f"({word})")
            elif optional[:1] == "t" and not given:
                variants.append("(TAB)")
        for variant in variants:
            tail = VOLATILE.get(name, "") + (",hex" if kind == "BIN" and name != "req.body_param" else "")
            yield name, place, name + variant + tail


def grouped(title, lines, size):
    for i in range(0, len(lines), size):
        names = [line[0] for line in lines[i:i + size]]
        yield f"{title}: {' '.join(dict.fromkeys(names))}", [line[1] for line in lines[i:i + size]]


def track(lines):
    return ["http-request track-sc0 src table TAB", "http-request track-sc1 src table TAB", "http-request track-sc2 src table TAB"] + lines


PREPARE = ["declare capture request len 20", "declare capture response len 20", "http-request capture path id 0", "http-response capture res.hdr(x-r) id 0",
           "http-request set-var(txn.v) str(AAAAAAAAAAAAAAAAAAAAAA==)"]


def fetch_cases():
    plain, stick = [], []
    for name, place, expression in fetch_expressions():
        number = len(plain) + len(stick)
        if place in RESPONSE_PLACES:
            line = f"http-response set-header v{number} %[{expression}]"
        elif place == "BACKEND":
            line = f"be: http-request set-header v{number} %[{expression}]"
        else:
            line = f"http-request set-header v{number} %[{expression}]"
        if name == "http_auth_group":
            line = f"http-request set-header v{number} 1 if {{ http_auth_group(users) staff }}"
        (stick if re.match(r"sc\d?_|src_", name) else plain).append((name, line))
    for title, lines in grouped("fetches", plain, 5):
        yield Case(title, PREPARE + lines)
    for title, lines in grouped("counters", stick, 6):
        yield Case(title, track(lines))


def converter_cases():
    lines = [(e.split(",", 1)[1], f"http-request set-header v{i} %[{e}]") for i, e in enumerate(CONVERTERS)]
    lines.append(("capture-res", "http-response set-header v90 %[res.hdr(x-r),capture-res(0)]"))
    for i, row in enumerate(registry.rows("converters.def", "CONV")):
        name, since = row[1], int(row[5])
        if since > 206 or row[6] == "none":
            continue
        if name.startswith("table_"):
            argument = ",".join({"t": "TAB", "i": "0"}[c] for c in row[2].partition("|")[0] if c in "ti") or "TAB"
            lines.append((name, f"http-request set-header v{i} %[src,{name}({argument})]"))
        if name == "map" or name.startswith("map_"):
            parts = name.split("_")
            kind = parts[1] if len(parts) > 1 else "str"
            value = {"int": "_num", "ip": "_addr"}.get(parts[2] if len(parts) > 2 else "", "")
            stem = {"reg": "map_reg", "regm": "map_reg", "int": "map_int", "ip": "map_ip"}.get(kind, "map")
            # HAProxy 2.6 gives a file that several methods use the index of the first
            file = f"{stem}{value}.{name}"
            FILES[file] = FILES[stem + value]
            samples = {"ip": ["src"], "int": ["req.hdr(x-n)"]}.get(kind, ["path", "req.hdr(x-a)", "req.hdr(host)"])
            lines += [(name, f"http-request set-header v{i}{chr(97 + j)} %[{s},{name}({file},none)]" if not value else
                       f"http-request set-header v{i}{chr(97 + j)} %[{s},{name}({file})]") for j, s in enumerate(samples)]
    for title, part in grouped("converters", lines, 6):
        yield Case(title, PREPARE + track(part))


def alias_cases():
    lines = []
    places = {row[0]: (row[1], row[2], row[4]) for row in registry.rows("fetches.def", "FETCH")}
    for i, row in enumerate(registry.rows("acl_aliases.def", "ACL_ALIAS")):
        name, fetch, method = row[:3]
        known, args, place = places[fetch]
        argument = "(x-r)" if name.startswith("shdr") else "(SRV)" if "cook" in name and "rdp" not in name else \
            "(x-a)" if name.startswith("hdr") else "(a)" if name.startswith("url") and "p" == name[3:4] else ""
        argument = argument or (f"({ARGS[known]})" if args.partition("|")[0] else "")
        argument = "(host)" if name == "hdr_dom" else "(a)" if name.startswith("url_param") or name.startswith("urlp") else argument
        patterns = "staff" if name == "http_auth_group" else PATTERNS[method]
        side = "response" if place in RESPONSE_PLACES else "request"
        lines.append((name, f"http-{side} set-header v{i} 1 if {{ {name}{argument} {patterns} }}"))
    for title, part in grouped("criteria", lines, 6):
        yield Case(title, PREPARE + part)


def load():
    cases = written() + list(fetch_cases()) + list(converter_cases()) + list(alias_cases())
    for i, case in enumerate(cases):
        case.name = f"c{i}"
    return cases


def configuration(cases, log):
    out = [HEAD % log.replace(" ", "\\ ")]
    for case in cases:
        def here(line, case=case):
            line = re.sub(r"\bTAB\b", "t" + case.name, line)
            return "    " + re.sub(r"\bFE\b", case.name, re.sub(r"\bBE\b", "b" + case.name, line))
        out += [f"frontend {case.name}", f"    bind unix@{case.name}.sock accept-proxy", "    tcp-request session set-var(sess.port) src_port", f"    default_backend b{case.name}"]
        out += [here(line) for line in case.lines]
        out += [f"backend b{case.name}"] + [here(line) for line in case.backend] + ["    server s unix@server.sock cookie s1"]
        if re.search(r"\bTAB\b", case.text()):
            out += [f"backend t{case.name}", f"    stick-table type ip size 100 expire 1h store {STORE}"]
    return "\n".join(out + ["frontend last", "    bind unix@last.sock", ""])


def names_of_26():
    for row in registry.rows("actions.def", "ACTION"):
        if int(row[5]) <= 206 and row[7] != "none":
            yield "action", row[1]
    for row in registry.rows("fetches.def", "FETCH"):
        if int(row[5]) <= 206 and row[6] != "none":
            yield "fetch", row[1]
    for row in registry.rows("converters.def", "CONV"):
        if int(row[5]) <= 206 and row[6] != "none":
            yield "converter", row[1]
    for row in registry.rows("acl_aliases.def", "ACL_ALIAS"):
        yield "criterion", row[0]
    for method in "found bool int ip bin len str sub reg beg end dir dom".split():
        yield "matching method", "-m " + method
    for flag in "-i -f -M -n -u --".split():
        yield "flag", flag


def missing(cases):
    with open(os.path.join(HERE, "samples.cases"), encoding="utf-8") as f:
        text = "\n".join(case.text() for case in cases) + "\n" + f.read()
    words = set(re.findall(r"[\w.+-]+(?: [a-z]+\b)?", text)) | set(re.findall(r"[\w.+-]+", text))
    for name in sorted(words):
        words.add(name.rstrip("."))
    return [f"{kind} {name}" for kind, name in names_of_26() if name not in words]
