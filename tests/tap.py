"""Results as lines of the Test Anything Protocol, of one area: what failed is shown below its line."""


class Tap:
    def __init__(self, area):
        self.area, self.number, self.failed = area, 0, 0

    def check(self, what, good, seen="", most=20):
        """One result. seen: what there was instead, of which the last lines are shown."""
        self.number += 1
        self.failed += not good
        print("%sok %d - %s: %s" % ("" if good else "not ", self.number, self.area, what), flush=True)
        if not good and str(seen):
            self.say(seen, most)

    def say(self, text, most=20):
        print("\n".join("#   " + line for line in str(text).splitlines()[-most:]), flush=True)

    def plan(self):
        """The last line; whether anything failed."""
        print("1..%d" % self.number, flush=True)
        return self.failed != 0
