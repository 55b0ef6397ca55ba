"""What must be true of a field that was killed over and over: see test_crash.py.

`spot` costs some milliseconds and is done after every cycle, whatever is up or down; `whole` waits
until everything is received, and compares office by office and report by report what was acknowledged
with what the log holds.
"""

import collections

import crash_load
import esep


class Check:
    def __init__(self, field, work, rng):
        self.field = field
        self.work = work
        self.random = rng
        self.seen = collections.Counter()  # office's name -> rows of the log that were compared
        self.through = -1  # the newest log entry that was compared
        self.size = 0

    def spot(self):
        """No receipt for what is not in the store; the log never shrinks; both open."""
        office = self.random.choice(self.work.offices())
        entries = office.command("status", "--json").json()["entries"]
        status = self.field.listing("status")
        number = self.work.numbers[office.name]
        held = next(o for o in status["offices"] if o["office"] == number)
        assert held["epoch"] in (0, entries["epoch"]), (held, entries)
        assert entries["received"] <= held["seq"], f"{office.name}: a receipt for nothing: {entries}"
        entries = office.command("status", "--json").json()["entries"]  # which went on meanwhile
        assert held["seq"] <= entries["written"], f"{office.name}: more than was written: {held}"
        assert status["log"]["size"] >= self.size, "the log became shorter"
        self.size = status["log"]["size"]

    def uncover(self, office):
        """A command killed between LMDB's commit and the word of it to other processes leaves a
        transaction that readers see only once the next writer came by. Here comes one."""
        if not all(sure for _, sure in self.work.filed[office.name]):
            office.report(crash_load.KEY.format(1, office.body), "--draft", "--percent", "1")

    def received(self, office):
        """Waits until all has its receipt; returns how many that is: 0, where the only command
        was killed before it wrote."""
        entries = {}

        def all_received():
            entries.update(office.command("status", "--json").json()["entries"])
            return entries["received"] == entries["written"]

        try:
            esep.wait(all_received, f"receipts of {office.name}", timeout=90)
        except AssertionError as error:
            raise AssertionError(f"{error}; it has {entries}") from None
        return entries["written"]

    def whole(self):
        """Everything that was acknowledged until now is there, once; returns the log's verdict."""
        work = self.work
        written = {}
        for office in work.offices():
            written[office.name] = 0
            self.uncover(office)
            if work.filed[office.name] or self.seen[office.name]:
                written[office.name] = self.received(office)
        rows = collections.defaultdict(list)
        work.reports = []
        newest = self.through
        for row in self.field.reports():
            newest = max(newest, row["log_index"])
            if row["log_index"] > self.through:
                rows[row["office"]].append(row)
        for office in work.offices():
            self.office(office, rows.pop(work.numbers[office.name], []))
        assert all(self.seen[name] == count for name, count in written.items()), (
            f"written and received {written}, in the log {dict(self.seen)}")
        assert not rows, f"reports of nobody: {rows}"
        self.through = newest
        self.decisions()
        return self.field.check_log()

    def office(self, office, rows):
        rows.sort(key=lambda row: row["log_index"])
        begin = self.seen[office.name]
        seqs = [row["seq"] for row in rows]
        assert seqs == list(range(begin + 1, begin + 1 + len(rows))), f"{office.name}: {seqs}"
        assert {row["epoch"] for row in rows} <= {1}, office.name
        assert "refused" not in {row["state"] for row in rows}, office.name
        tags = self.tags_of(office, [row["percent"] for row in rows])
        for place in self.random.sample(range(len(rows)), min(3, len(rows))):
            row = self.field.command("reports", str(rows[place]["log_index"])).json()
            assert row["report"]["narrative"].startswith(f"tag-{tags[place]} "), row
            proof = office.command("receipt", str(row["seq"]), "--json").json()
            assert proof["chain_hash"] == row["chain_hash"], (proof, row)
            receipt = proof["receipt"]
            assert receipt["first_index"] <= row["log_index"] <= receipt["last_index"], proof
        self.seen[office.name] += len(rows)
        self.work.filed[office.name] = []
        self.work.reports += [(row["log_index"], office.body) for row in rows
                              if row["state"] == "received"]

    def tags_of(self, office, percents):
        """Which reports these are: every command's that is sure, and of the killed ones all or
        none."""
        tags = []
        for block, sure in self.work.filed[office.name]:
            there = percents[len(tags) : len(tags) + len(block)] == [tag % 101 for tag in block]
            assert there or not sure, f"{office.name}: lost or out of order at {block[0]}"
            tags += block if there else []
        assert len(tags) == len(percents), f"{office.name}: more than was filed"
        return tags

    def decisions(self):
        """Each confirmed one came to its body's office, once; the mailbox has no holes."""
        owed = collections.defaultdict(list)
        for index, body in self.work.orders:
            owed[body].append(index)
        self.work.orders = []
        for office in self.work.offices():
            last = next(o["mail_last"] for o in self.field.listing("status")["offices"]
                        if o["office"] == self.work.numbers[office.name])
            mail = esep.wait(lambda o=office, n=last: self.mail(o, n), f"mail of {office.name}",
                             timeout=60)
            indexes = [item["log_index"] for item in mail]
            assert [item["number"] for item in mail] == list(range(1, len(mail) + 1)), office.name
            assert len(set(indexes)) == len(indexes), f"{office.name}: mail came twice"
            missing = set(owed[office.body]) - set(indexes)
            assert not missing, f"{office.name}: decisions {missing} never came"

    def mail(self, office, last):
        mail = office.command("mail", "--json").json()["mail"]
        return mail if len(mail) >= last else None
