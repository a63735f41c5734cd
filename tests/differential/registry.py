"""The rows of grammar/keywords, read from their source: what the generator of configurations draws from."""
import os
import re

ROWS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "grammar", "keywords")
PLACES = {"IN_PROXY": "defaults frontend listen backend", "IN_FE": "defaults frontend listen",
          "IN_BE": "defaults listen backend", "IN_SRV": "server default-server"}


def read(name):
    with open(os.path.join(ROWS, name), encoding="utf-8") as f:
        return f.read()


def calls(text):
    """The place that the macro itself gives, and the arguments of each ROW("name", ...) as one string."""
    for match in re.finditer(r"\b[A-Z_]+\(\"", text):
        depth, at, quoted = 1, match.end() - 1, False
        while depth and at < len(text):
            char = text[at]
            if char == '"' and text[at - 1] != "\\":
                quoted = not quoted
            elif not quoted:
                depth += (char == "(") - (char == ")")
            at += 1
        yield ("IN(GLOBAL)" if match.group().startswith("GLOBAL") else ""), text[match.end() - 1:at - 1]


def field(row, name, default=""):
    found = re.search(r"\." + name + r"\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^,]+)", row)
    return found.group(1).strip('"') if found else default


def number(text):
    try:
        return int(text, 0)
    except ValueError:
        return 0


class Keyword:
    def __init__(self, row, place=""):
        self.name = row[1:row.index('"', 1)]
        head = place or row[row.index('"', 1):].split(".", 1)[0]
        self.places = set()
        for word in re.findall(r"IN_[A-Z]+|IN\([A-Z_]+\)", head):
            self.places |= set(PLACES.get(word, word[3:-1].lower().replace("_", "-")).split())
        self.kind, self.choices, self.flags = field(row, "kind"), field(row, "choices"), field(row, "flags")
        self.min, self.max = number(field(row, "min", "0")), number(field(row, "max", "0"))
        self.since, self.until = number(field(row, "since", "0")), number(field(row, "until", "0"))
        self.example = field(row, "example").replace('\\"', '"')
        self.parse = field(row, "parse")


def keywords():
    found = []
    for name in sorted(os.listdir(ROWS)):
        if name.endswith(".c"):
            found += [Keyword(row, place) for place, row in calls(read(name))]
    prefixed = set(re.findall(r"#define OPTION_NO_(\w+) \(?KW_NO", read("options.c")))
    for match in re.finditer(r'^OPTION(_ARGS)?\((\w+), "([^"]+)", (\w+), (\w+), (\d+), (\d+)', read("options.def"), re.M):
        row = Keyword(f'"option {match.group(3)}", IN_{match.group(4)}'.replace("IN_BOTH", "IN_PROXY"))
        row.since, row.until = int(match.group(6)), int(match.group(7))
        row.kind = "VAL_CUSTOM" if match.group(1) else "VAL_OPTION"
        row.flags = "KW_NO" if not match.group(1) or match.group(2) in prefixed else ""
        found.append(row)
    return found


def rows(name, macro):
    """The fields of the rows of a .def file, as strings."""
    for line in read(name).split("\n"):
        if line.startswith(macro + "("):
            yield [text.strip().strip('"') for text in re.findall(r'"[^"]*"|[^,()]+(?:\([^()]*\)[^,()]*)*', line[len(macro) + 1:])]
