"""Where odd messages make lbd and HAProxy 2.6 differ, and are meant to: a test for each class, and the reason, which odd_traffic prints.

A test gets the request, the response and what both programs did: what the client got, what the server got, the log line.
"""
import re

TOKEN = rb"!#$%&'*+.^_`|~0-9A-Za-z\-"
LAST_CHUNK = rb"(?:^|\n)0+[ \t]*(?:;[^\n]*)?\r?\n"
WRONG_TRAILER = re.compile(LAST_CHUNK + rb"(?:[^\r\n]+\r?\n)*?(?:[^:\n]*[^:\n" + TOKEN + rb"][^:\n]*):")
OPEN_TRAILER = re.compile(rb"(?s)chunked.*\n0+[ \t]*(?:;[^\n]*)?\r?\n(?!.*\n\r?\n)")
REFUSED = re.compile(r"\d+[|](PR|PH|PD|SD|SH)")


def log_alike(clean, ours, theirs):
    return ours[:2] == theirs[:2] and clean(ours[2]) == clean(theirs[2])


def control_characters(request, answer, ours, theirs):
    return log_alike(lambda line: re.sub("[\\x01-\\x1f\\x7f]", lambda m: "#%02X" % ord(m.group()), line), ours, theirs)


def nul_first(request, answer, ours, theirs):
    return b"\0" in request + answer and log_alike(lambda line: line.replace("|-", "|"), ours, theirs)


def byte_is_cut(request, answer, ours, theirs):
    line = re.sub(r"#[0-9A-F]{0,2}$", "", ours[2])
    return ours[:2] == theirs[:2] and line != ours[2] and len(line) > 900 and theirs[2].startswith(line)


def trailer_is_wrong(request, answer, ours, theirs):
    return any(WRONG_TRAILER.search(m) for m in (request, answer)) and REFUSED.match(ours[2])


def trailer_is_open(request, answer, ours, theirs):
    return any(OPEN_TRAILER.search(m) for m in (request, answer)) and REFUSED.match(ours[2])


def connect_in_chunks(request, answer, ours, theirs):
    return re.match(rb"[\r\n]*CONNECT[ \t]", request) and re.search(rb"(?i)\ntransfer-encoding[ \t]*:", request)


def accept_made_up(request, answer, ours, theirs):
    return re.sub(rb"Sec-Websocket-Accept: [^\r]*\r\n", b"", theirs[0]) == ours[0] and ours[1:] == theirs[1:]


def length_is_huge(request, answer, ours, theirs):
    return re.search(rb"(?i)\ncontent-length[ \t]*:[^\n]*[0-9]{19}", request + b"\n" + answer) and REFUSED.match(ours[2])


def cut_behind_interim(request, answer, ours, theirs):
    a, b = (re.sub(r"[|][sS-][D-](..)[|]", r"|??\1|", side[2], count=1) for side in (ours, theirs))
    return re.match(rb"HTTP/1\.1 1", answer) and ours[:2] == theirs[:2] and a == b and re.match(r"\d+[|][sS]D", ours[2]) and re.match(r"\d+[|]--", theirs[2])


EXPLAINED = (
    (control_characters, "lbd encodes control characters of samples in log lines, as it does those of captures: they would break lines; HAProxy writes them raw"),
    (nul_first, "a text that begins with NUL is logged as `-` like any that is empty; HAProxy writes nothing at all"),
    (byte_is_cut, "the last byte of a line that is cut is an encoded one: HAProxy leaves it out and goes on with what is shorter"),
    (trailer_is_wrong, "a name of a trailer that is no token is refused; HAProxy takes or refuses the same bytes by chance"),
    (trailer_is_open, "a wrong trailer is refused before its end has come; HAProxy waits for the end"),
    (connect_in_chunks, "the chunks of a CONNECT go on to the server that its head announces them to; HAProxy keeps them back, and both wait"),
    (accept_made_up, "a response that switches no protocol gets no Sec-WebSocket-Accept; HAProxy makes one up where there was no key"),
    (cut_behind_interim, "a response that ends too early is logged as such (sD) also when an interim one came with its head; HAProxy notes nothing then"),
    (length_is_huge, "a Content-Length of 2^63 and more is refused"),
)
explained = {}


def is_meant(request, answer, ours, theirs):
    for test, reason in EXPLAINED:
        if test(request, answer, ours, theirs):
            explained[reason] = explained.get(reason, 0) + 1
            return True
    return False
