"""HTTP/2 frames by hand, so that they may be wrong, and as much of HPACK as tells what a response says first (RFC 9113, RFC 7541)."""
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIO, ACK = 1, 4, 8, 32, 1
CODES = ("NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR REFUSED_STREAM "
         "CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED").split()


def number(n, bits, first=0):
    """RFC 7541 section 5.1."""
    most = (1 << bits) - 1
    if n < most:
        return bytes([first | n])
    out, n = [first | most], n - most
    while n >= 128:
        out.append(n % 128 | 128)
        n //= 128
    return bytes(out + [n])


def text(data):
    data = data if isinstance(data, bytes) else data.encode("latin-1")
    return number(len(data), 7) + data


def literal(name, value):
    """A field without indexing and without Huffman."""
    return b"\0" + text(name) + text(value)


def fields(*pairs):
    return b"".join(literal(*p) for p in pairs)


def frame(kind, flags, stream, payload=b"", length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *p) for p in pairs))


def headers(stream, block, end=True, flags=END_HEADERS):
    return frame(HEADERS, flags | (END_STREAM if end else 0), stream, block)


def data(stream, payload=b"", end=False, flags=0):
    return frame(DATA, flags | (END_STREAM if end else 0), stream, payload)


def code(payload):
    n = int.from_bytes(payload[:4], "big")
    return CODES[n] if n < len(CODES) else str(n)


class Reader:
    """Frames out of pieces of a stream."""

    def __init__(self):
        self.rest = b""

    def feed(self, piece):
        self.rest += piece
        while len(self.rest) >= 9:
            n = int.from_bytes(self.rest[:3], "big")
            if len(self.rest) < 9 + n:
                return
            kind, flags, stream = self.rest[3], self.rest[4], int.from_bytes(self.rest[5:9], "big") & 0x7FFFFFFF
            payload, self.rest = self.rest[9:9 + n], self.rest[9 + n:]
            yield kind, flags, stream, payload


STATUS = {8: "200", 9: "204", 10: "206", 11: "304", 12: "400", 13: "404", 14: "500"}
DIGITS = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5", "011100": "6", "011101": "7",
          "011110": "8", "011111": "9"}


def digits(data):
    """Huffman's code of digits (RFC 7541, appendix B)."""
    bits, out, word = "".join(format(b, "08b") for b in data), "", ""
    for bit in bits:
        word += bit
        if word in DIGITS:
            out, word = out + DIGITS[word], ""
    return out


def status(block):
    """:status, the first field of a response; None: it begins with something else (trailers)."""
    while block and block[0] & 0xe0 == 0x20:
        block = block[1:] if block[0] & 0x1f < 0x1f else block[3:]
    if not block:
        return None
    if block[0] & 0x80:
        return STATUS.get(block[0] & 0x7f)
    bits = 6 if block[0] & 0x40 else 4
    if block[0] & ((1 << bits) - 1) not in range(8, 15):
        return None
    n = block[1] & 0x7f
    return digits(block[2:2 + n]) if block[1] & 0x80 else block[2:2 + n].decode("latin-1")
