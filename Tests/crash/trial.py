"""One trial of the crash harness: a query in a folder of its own, ended some times, run to its end,
and looked at all the while."""

import collections
import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from order import TRACER, Order

HERE = os.path.dirname(os.path.abspath(__file__))
FAULT = re.compile(r"moontide fault: (\S+) (\S+) step=(\S*) (.*)")
PHASES = ["offsets", "state", "sink data", "sink log", "rename", "commit", "snapshot", "purge",
          "compaction", "recovery"]
DIRECTORY_QUERIES = ["stateless", "window", "dedup", "join", "state"]
STORED_QUERIES = [query + "@rocksdb" for query in ["window", "dedup", "join", "state"]]
QUERIES = DIRECTORY_QUERIES + ["foreachBatch", "foreach"]


def phase(call, step, path, is_restart):
    """What the program was about to do, told from the step of its machine and the path."""
    name = path.rsplit("/", 1)[-1]
    if step == "opening":
        return "recovery" if is_restart else "opening"
    if call.startswith("machine"):
        return "between steps"
    if "snapshot-" in name:
        return "purge" if call == "unlink" else "snapshot"
    if path.startswith("/") and "/aside" in path:
        return "rows aside"
    if "checkpoint/state" in path:
        return "purge" if call == "unlink" else "state"
    if "_moontide_metadata" in path:
        return "compaction" if name.startswith(".files.log") or call == "rename" else "sink log"
    if "/sources/" in path:
        return "compaction" if name.startswith(".files.log") or call == "rename" else "offsets"
    if "/.moontide-" in path:
        return "sink data"
    if name == "batches.log" or name.startswith(".batches.log"):
        if name.startswith(".") or call in ("rename", "open"):
            return "purge"
        return "offsets" if step == "appendOffsets" else "commit"
    return {"runBatch": "sink data", "commitSink": "rename", "commitState": "state",
            "releaseSources": "purge"}.get(step, step)


class Wrong(Exception):
    """What the harness looks for."""


class Trial:
    def __init__(self, binary, world, query, folder, variables=None):
        # `window@rocksdb`: the query with another state store.
        query, _, store = query.partition("@")
        self.binary, self.world, self.query, self.folder = binary, world, query, folder
        self.variables = dict(variables or {}, **({"CRASH_STORE": store} if store else {}))
        expected = world.expected(query)
        self.expected = expected and collections.Counter(expected)
        self.aside = collections.Counter(world.expected_aside(query))
        self.files = {}  # those in view: name → size
        self.seen = collections.Counter()
        self.kills = []
        self.last = ""
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        world.write(folder)

    def command(self):
        return [self.binary, "run", f"{HERE}/queries.lua", self.query]

    def run(self, fault=None, after=None, tracer=None):
        """Runs once; how it ended, and what its faults said."""
        environment = dict(os.environ, **self.variables)
        if fault:
            environment["MOONTIDE_FAULT"] = fault
        with open(f"{self.folder}/errors.txt", "w+") as errors:
            child = subprocess.Popen((tracer or []) + self.command(), cwd=self.folder, env=environment,
                                     stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
            deadline = time.monotonic() + 60
            killed_at = time.monotonic() + after if after is not None else None
            while child.poll() is None:
                self.look()
                now = time.monotonic()
                if killed_at and now >= killed_at:
                    child.kill()
                    child.wait()
                elif now > deadline:
                    os.killpg(child.pid, signal.SIGKILL)
                    raise Wrong("it still ran after 60 s")
                time.sleep(0.003)
            errors.seek(0)
            self.last = errors.read()
        self.look()
        return child.returncode, FAULT.findall(self.last)

    def check_order(self):
        """One run, its system calls in the order that durability asks for."""
        status, _ = self.run(tracer=TRACER + [f"{self.folder}/trace.txt"])
        if status != 0:
            raise Wrong(f"status {status} under strace\n{self.last[-1500:]}")
        wrong = Order(self.folder).read(f"{self.folder}/trace.txt")
        if wrong:
            raise Wrong(f"order: {wrong[0]} ({len(wrong)} such)")

    def check_lock(self):
        """A process that stands still keeps its checkpoint; the next one is refused."""
        environment = dict(os.environ, **self.variables, MOONTIDE_FAULT="machine.runBatch:stop:3")
        with open(f"{self.folder}/first.txt", "w") as errors:
            first = subprocess.Popen(self.command(), cwd=self.folder, env=environment, stderr=errors,
                                     stdout=subprocess.DEVNULL)
        try:
            os.waitpid(first.pid, os.WUNTRACED)
            status, _ = self.run()
            if status != 1 or "CONCURRENT_QUERY" not in self.last:
                raise Wrong(f"a second process got status {status} while the first stood still\n{self.last[-500:]}")
            first.send_signal(signal.SIGCONT)
            if first.wait(60) != 0:
                raise Wrong("the first process did not come to its end")
        finally:
            if first.poll() is None:
                first.kill()
                first.wait()
        self.finish()

    def kill(self, fault=None, after=None, tracer=None):
        """Runs once to be killed; what it was about to do then, or None where it came to its end."""
        is_restart = os.path.exists(f"{self.folder}/checkpoint/batches.log")
        status, faults = self.run(fault, after, tracer)
        if status == 0:
            return None
        if status not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise Wrong(f"status {status} where it was to be killed\n{self.last[-1500:]}")
        if faults:
            _, call, step, path = faults[-1]
            self.kills.append(phase(call, step, path, is_restart))
        else:
            self.kills.append("any moment" if after is not None else "traced call")
        return self.kills[-1]

    def look(self):
        """What is in view now: rows at most as often as in the answer, and none that goes away."""
        if self.expected is None:
            return
        if self.aside:
            self.look_aside()
        found = {name: os.stat(name).st_size for name in glob.glob(f"{self.folder}/out/**/*.json", recursive=True)}
        for name, size in self.files.items():
            if found.get(name) != size:
                raise Wrong(f"{name} was in view with {size} bytes, now {found.get(name)}")
        for name in found.keys() - self.files.keys():
            with open(name) as rows:
                self.seen.update(json.dumps(json.loads(line), sort_keys=True) for line in rows)
        self.files = found
        more = self.seen - self.expected
        if more:
            raise Wrong(f"in view, but not in the answer so often: {list(more.elements())[:3]}")

    def look_aside(self):
        """The rows put aside that are in view."""
        found = collections.Counter()
        for name in glob.glob(f"{self.folder}/aside/*.json"):
            with open(name) as rows:
                found.update(json.loads(line)["row"]["id"] for line in rows)
        if found - self.aside:
            raise Wrong(f"put aside too often: {list((found - self.aside).elements())[:3]}")
        return found

    def finish(self):
        """Runs to the end and compares."""
        status, _ = self.run()
        if status != 0:
            raise Wrong(f"status {status} at the end\n{self.last[-1500:]}")
        self.compare()

    def compare(self):
        if self.expected is not None:
            less = self.expected - self.seen
            if less:
                raise Wrong(f"missing at the end: {list(less.elements())[:3]}, {sum(less.values())} in all")
            hidden = glob.glob(f"{self.folder}/out/**/.moontide-*", recursive=True)
            if hidden:
                raise Wrong(f"left behind: {hidden}")
        if self.look_aside() != self.aside:
            raise Wrong("not all that should be was put aside")
        if self.query == "foreachBatch":
            with sqlite3.connect(f"{self.folder}/rows.db") as db:
                rows = sorted(db.execute("SELECT key, n, batch FROM counts"))
            if rows != self.world.expected_counts():
                raise Wrong(f"the table has {len(rows)} rows, the answer {len(self.world.expected_counts())}")
        if os.path.exists(f"{self.folder}/attempts.txt"):
            self.compare_attempts()
        self.check_log()
        left = [name for name in glob.glob(f"{self.folder}/**/.*.tmp", recursive=True, include_hidden=True)]
        if left:
            raise Wrong(f"left behind: {left}")

    def compare_attempts(self):
        """Each attempt at a batch got the same rows in the same order, as far as it came."""
        whole, all_attempts = {}, []
        with open(f"{self.folder}/attempts.txt") as lines:
            for line in lines.read().split("\n")[1:]:
                batch, _, rows = line.partition("\t")
                all_attempts.append((batch, rows))
                if rows.endswith(" ."):
                    if whole.setdefault(batch, rows) != rows:
                        raise Wrong(f"batch {batch} had {whole[batch]}, then {rows}")
        for batch, rows in all_attempts:
            if batch not in whole or not whole[batch].startswith(rows.removesuffix(".")):
                raise Wrong(f"batch {batch} began with {rows}, and then had {whole.get(batch)}")
        if self.query == "foreach":
            got = [int(x) for b in sorted(whole, key=lambda b: int(b.split(".")[0])) for x in whole[b].split()[:-1]]
            if got != [row["id"] for file in self.world.files for row in file]:
                raise Wrong(f"foreach got {len(got)} rows, or in another order")

    def check_log(self):
        """Batches follow each other, each with offsets, then a commit; watermarks only rise."""
        batch, is_open, watermark = None, False, 0
        with open(f"{self.folder}/checkpoint/batches.log") as lines:
            for line in list(lines)[1:]:
                record = json.loads(line.split(" ", 2)[2])
                if record["record"] == "offsets":
                    number = record["batchId"]
                    if batch is not None and number != (batch if is_open else batch + 1):
                        raise Wrong(f"offsets of batch {number} after batch {batch}")
                    if record["watermarkMs"] < watermark:
                        raise Wrong(f"the watermark of batch {number} falls")
                    batch, is_open, watermark = number, True, record["watermarkMs"]
                elif record["record"] == "commit":
                    if not is_open or record["batchId"] != batch:
                        raise Wrong(f"a commit of batch {record['batchId']} after batch {batch}")
                    is_open = False
        if is_open:
            raise Wrong(f"batch {batch} was not committed")

    def read_back(self):
        """The output as Moontide itself reads it."""
        out = subprocess.run([self.binary, "run", f"{HERE}/read.lua"], cwd=self.folder, capture_output=True, text=True)
        if out.stdout.strip() != str(sum(self.expected.values())):
            raise Wrong(f"read back {out.stdout.strip()} of {sum(self.expected.values())} rows {out.stderr[-500:]}")
