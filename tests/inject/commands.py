"""The commands, and how each is known to have done its work: the table that the sweep runs.

A Work is a command line in a world that is put back before every run. `done` says whether the work is
done (it must be after exit status 0), `safe` what must hold however the run ended, and after that
the same command, nothing injected, must end with one of `again` and have done it.
"""

import json
import os
import re
import shutil

import esep

OBLIGATION = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
SECOND = "small/fulfilment/2/moj/2013-01-01..2013-12-31"
ACTIONS = {1: ("During 2013", ["moj", "mia"]), 2: ("During 2013", ["moj"])}


class World:
    """A field with something in it, and copies of its folders to go back to."""

    def __init__(self, field):
        self.field = field
        field.collector_changes = {"limits": {"offices": 2048, "codes": 4096}}
        field.broker_changes = {"limits": {"strangers": 4096}}
        field.begin()
        field.load_plan(esep.small_plan(field.path("small.yaml"), actions=ACTIONS))
        self.office = field.enrol("moj", start=True)
        esep.wait(lambda: self.office.command("duties", "--json").json()["plan_known"], "the plan")
        for _ in range(3):
            self.office.report(OBLIGATION, "--fulfilment", "in_progress", "--wait")
        self.office.daemon.stop()
        self.office.report(OBLIGATION, "--fulfilment", "partly")
        self.office.report(SECOND, "--draft", "--fulfilment", "partly")
        self.fresh = self.newcomers = 0
        self.turned = False
        self.folder = self.config = self.newcomer = self.once = None  # of the present run
        rows = sorted(field.reports(), key=lambda row: row["log_index"])
        self.last_report = str(rows[-1]["log_index"])
        self.copies = {}
        self.keep(self.office.folder)

    def keep(self, folder):
        self.copies[folder] = folder + ".kept"
        shutil.copytree(folder, folder + ".kept")

    def put_back(self, folder):
        shutil.rmtree(folder)
        shutil.copytree(self.copies[folder], folder)

    def stop_collector(self):
        """For commands that want the store alone."""
        if self.field.collector.process is not None:
            self.field.collector.stop()
            self.keep(self.field.path("store"))

    def turn(self):
        """Yes and no by turns."""
        self.turned = not self.turned
        return self.turned

    def entries(self):
        return self.office.command("status", "--json").json()["entries"]

    def renamed(self, paths):
        """The paths of the survey's run as they are in the present one."""
        return [re.sub(r"/(new|fresh)-\d+", lambda m: f"/{m[1]}-{self.newcomers if m[1] == 'new' else self.fresh}", path)
                for path in paths]

    def out(self, name):
        return self.field.path(name)


LISTINGS = []


class Work:
    """One row of the table."""

    def __init__(self, name, words, done, again=(0,), safe=None, before=None):
        self.name = name
        self.words = words  # world -> command line
        self.done = done  # (world, result) -> true
        self.lists = done in LISTINGS  # only its output tells: none is owed by another status than 0
        self.again = again
        self.safe = safe or (lambda world: True)
        self.before = before or (lambda world: None)


def agent(*words):
    return lambda w: [esep.program("agent"), words[0], "--config", w.office.config, *words[1:]]


def collector(*words):
    return lambda w: [esep.program("collector"), words[0], "--config", w.field.config, *words[1:]]


def back_to_office(world):
    world.put_back(world.office.folder)


def back_to_store(world):
    world.stop_collector()
    world.put_back(world.field.path("store"))


def says(pattern):
    """A listing: all of it came out."""
    def done(world, result):
        del world
        return re.search(pattern, result.out) is not None
    LISTINGS.append(done)
    return done


def whole_json(world, result):
    del world
    try:
        return json.loads(result.out) is not None
    except ValueError:
        return False


LISTINGS.append(whole_json)


def written(more):
    """The journal holds the reports, once for each time that the command was let finish: a person who
    is told nothing writes again, and the second is another revision."""
    return lambda world, result: world.entries()["written"] in (4 + more, 4 + 2 * more)


def all_or_none(more):
    return lambda world: world.entries()["written"] in (4, 4 + more)


def many(world):
    path = world.out("many.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for number in range(300):
            file.write(json.dumps({"obligation": OBLIGATION, "fulfilment": "in_progress",
                                   "percent": number % 101, "narrative": "x" * 500}) + "\n")
    return agent("report", "--many", path)(world)


def drafts(world):
    return json.loads(world.office.command("report", "--drafts", "--json").out)["drafts"]


def epoch(world):
    return world.entries()["epoch"]


def bundled(world, result):
    del result
    with open(world.out("stick"), "rb") as file:
        return file.read().startswith(b"esep-bundle 2\n") and not os.path.exists(world.out("stick.new"))


def without(*names):
    def before(world):
        back_to_office(world)
        for name in names:
            path = world.out(name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.unlink(path)
    return before


def new_office(world):
    """A machine that has nothing yet, and a code."""
    world.newcomers += 1
    world.newcomer = esep.Office(world.field, f"new-{world.newcomers}", "mia")
    world.once = world.field.code("mia", "--accept")


def enrolled(world, result):
    del result
    status = world.newcomer.command("status", "--json").json()
    numbers = [o["office"] for o in world.field.listing("status")["offices"] if o["body"] == "mia"]
    return (status["body"] == "mia" and status["office"] in numbers
            and len(numbers) == world.newcomers  # one office for one code, whatever broke off
            and not [n for n in os.listdir(world.newcomer.folder) if n.startswith(".keys")])


def fresh_folder(program):
    """A config of its own in an empty folder."""
    def before(world):
        world.fresh += 1
        world.folder = world.out(f"fresh-{world.fresh}")
        os.mkdir(world.folder, mode=0o700)
        source = world.field.config if program == "collector" else world.field.broker.config
        world.config = os.path.join(world.folder, "config.yaml")
        shutil.copy(source, world.config)
    return before


def init(program):
    return lambda w: [esep.program(program), "init", "--config", w.config]


def inited(program, *keys):
    def done(world, result):
        told = esep.keys_of(result.out)
        again = esep.keys_of(esep.run(*init(program)(world)).out)
        left = [n for n in os.listdir(world.folder) if n.startswith(".keys")]
        return set(keys) <= set(told) and told == again and not left
    return done


def operator_keys(world):
    return [esep.program("broker"), "keys", "operator", "--out", os.path.join(world.folder, "op.keys"),
            "--name", "almas"]


def keys(*words):
    return lambda w: [esep.program("broker"), "keys", *words, "--control", w.field.control]


def aside(world, folder):
    """A config like the collector's, over another store."""
    path = world.out("aside.yaml")
    with open(world.field.config, encoding="utf-8") as file:
        esep.write(path, file.read().replace('store: "store"', f'store: "{folder}"'))
    return path


def verified(folder):
    def done(world, result):
        del result
        config = aside(world, world.out(folder))
        return esep.run(esep.program("collector"), "log", "verify", "--config", config,
                        "--json").json()["ok"]
    return done


def whole_or_absent(folder):
    """What bears the name is complete."""
    return lambda world: not os.path.exists(world.out(folder)) or verified(folder)(world, None)


def restoring(world):
    if not os.path.exists(world.out("a-backup")):
        world.stop_collector()
        world.field.command("backup", world.out("a-backup"))
    for name in ("restored", "restored.restoring", "restored.restoring.part"):
        shutil.rmtree(world.out(name), ignore_errors=True)


def restore(world):
    return [esep.program("collector"), "restore", world.out("a-backup"), "--config",
            aside(world, world.out("restored"))]


def recipient(world):
    """Whom backups are encrypted to: a pair of the world's own."""
    if not os.path.exists(world.out("elsewhere.keys")):
        world.recipient = esep.run(esep.program("collector"), "backup", "keygen", world.out("elsewhere.keys"),
                                   "--json").json()["recipient"]
    return world.recipient


def encrypted(world):
    return collector("backup", "--encrypt-to", recipient(world), world.out("copy.esep"))(world)


def opens(world, result=None):
    del result
    return esep.run(esep.program("collector"), "backup", "check", world.out("copy.esep"), "--key", world.out("elsewhere.keys"),
                    "--config", world.field.config, "--json").json()["opened"]


def no_archive(world):
    back_to_store(world)
    for name in ("copy.esep", "copy.esep.part"):
        if os.path.exists(world.out(name)):
            os.unlink(world.out(name))


def restoring_archive(world):
    restoring(world)
    if not os.path.exists(world.out("an-archive")):
        world.field.command("backup", "--encrypt-to", recipient(world), world.out("an-archive"))


def restore_archive(world):
    return [esep.program("collector"), "restore", world.out("an-archive"), "--key", world.out("elsewhere.keys"), "--config",
            aside(world, world.out("restored"))]


def replayed(world, result):
    del result
    return world.field.listing("log", "replay")["same"]


def sound(world):
    return world.field.check_log()["ok"]


def no_backup(world):
    back_to_store(world)
    for name in ("copy", "copy.part"):
        shutil.rmtree(world.out(name), ignore_errors=True)


# While the collector runs, then what wants the store at rest.
TABLE = [
    Work("agent enrol", lambda w: [esep.program("agent"), "enrol", "--config", w.newcomer.config,
                                   "--code", w.once, "--timeout", "60"],
         enrolled, again=(0, 65), before=new_office),
    Work("broker init", init("broker"), inited("broker", "curve_key"),
         before=fresh_folder("broker")),
    Work("broker keys operator", operator_keys,
         lambda w, r: os.path.exists(os.path.join(w.folder, "op.keys"))
         and os.listdir(w.folder).count("op.keys") == 1
         and not [n for n in os.listdir(w.folder) if n.startswith(".keys")],
         again=(0, 73), before=fresh_folder("broker")),
    Work("broker keys enrol", keys("enrol", "mia"), says(r"^\w+(-\w+)+\n$")),
    Work("broker keys list", keys("list", "--json"), whole_json),
    Work("broker status", lambda w: [esep.program("broker"), "status", "--config",
                                     w.field.broker.config, "--json"], whole_json),
    Work("collector plan load", lambda w: [esep.program("collector"), "plan", "load", "--config",
                                           w.field.config, w.out("small.yaml")],
         lambda w, r: w.field.listing("plan", "list")["plans"] != [], again=(65,)),
    Work("collector extend", collector("extend", OBLIGATION, "--until", "2014-02-01", "--document", "1",
                                       "--reason", "r"), says("log entry"), again=(0, 65)),
    Work("collector review", lambda w: collector("review", w.last_report, "--accept")(w),
         says("log entry"), again=(0, 65)),
    Work("agent report", agent("report", OBLIGATION, "--fulfilment", "executed"), written(1),
         safe=all_or_none(1), before=back_to_office),
    Work("agent report many", many, written(300), safe=all_or_none(300), before=back_to_office),
    Work("agent report draft", agent("report", OBLIGATION, "--draft", "--fulfilment", "executed"),
         lambda w, r: len(drafts(w)) == 2, safe=lambda w: len(drafts(w)) in (1, 2),
         before=back_to_office),
    Work("agent report send-draft", agent("report", SECOND, "--send-draft"),
         lambda w, r: w.entries()["written"] == 5 and drafts(w) == [], again=(0, 65),
         safe=lambda w: w.entries()["written"] + len(drafts(w)) == 5, before=back_to_office),
    Work("agent status", agent("status", "--json"), whole_json, before=back_to_office),
    Work("agent status in words", agent("status"), says("(?s)moj.*KiB"), before=back_to_office),
    Work("agent duties", agent("duties", "--json"), whole_json, before=back_to_office),
    Work("agent duties in words", agent("duties"), says("(?s)moj.*moj"), before=back_to_office),
    Work("agent receipt", agent("receipt", "2", "--json"), whole_json, before=back_to_office),
    Work("agent receipt in words", agent("receipt", "2"), says("(?s)moj/2013.*[0-9a-f]{16}"),
         before=back_to_office),
    Work("agent mail", agent("mail", "--json"), whole_json, before=back_to_office),
    Work("agent recover", agent("recover", "--yes"), lambda w, r: epoch(w) >= 2,
         safe=lambda w: epoch(w) in (1, 2), before=back_to_office),
    Work("agent bundle export", lambda w: agent("bundle", "export", w.out("stick"))(w), bundled,
         before=without("stick", "stick.new")),
    Work("collector plan check", lambda w: [esep.program("collector"), "plan", "check",
                                            w.out("small.yaml")], says("obligations")),
    Work("collector init", init("collector"),
         inited("collector", "log_id", "log_key", "seal_key", "curve_key"),
         before=fresh_folder("collector")),
    Work("collector status", collector("status", "--json"), whole_json, before=back_to_store),
    Work("collector status in words", collector("status"), says("(?s)small.*moj"), before=back_to_store),
    Work("collector obligations", collector("obligations", "--json"), whole_json, before=back_to_store),
    Work("collector reports", collector("reports", "--json"), whole_json, before=back_to_store),
    Work("collector export", collector("export", "--format", "csv"), says("(?s)key.*2013-12-31"),
         before=back_to_store),
    Work("collector log verify", collector("log", "verify"), says("(?i)ok|verified|entries"),
         before=back_to_store),
    Work("collector log replay", collector("log", "replay"), says("(?i)same|rows"),
         before=back_to_store),
    Work("collector log replay repair", collector("log", "replay", "--repair"), replayed,
         safe=lambda w: w.field.listing("log", "verify")["ok"], before=back_to_store),
    Work("collector backup", lambda w: collector("backup", w.out("copy"))(w), verified("copy"),
         again=(0, 65), safe=whole_or_absent("copy"), before=no_backup),
    Work("collector restore", restore, verified("restored"), again=(0, 65),
         safe=whole_or_absent("restored"), before=restoring),
    Work("collector backup encrypted", encrypted, opens, again=(0, 65),
         safe=lambda w: not os.path.exists(w.out("copy.esep")) or opens(w), before=no_archive),
    Work("collector restore encrypted", restore_archive, verified("restored"), again=(0, 65),
         safe=whole_or_absent("restored"), before=restoring_archive),
]
