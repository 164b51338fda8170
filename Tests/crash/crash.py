#!/usr/bin/env python3
"""Kills queries and looks whether anything is lost or doubled.

usage: crash.py BINARY [--kills N] [--seed N] [--jobs N] [--keep]

Each trial runs one query over a generated input, ends the process one to three times (at a numbered
call of its storage, between two steps of its machine, at any moment, at a traced system call), runs it
to its end and compares the output with an independent answer over the same input. While it runs, what
is in view is read again and again. Every phase of a batch must have been hit.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time

from trial import PHASES, QUERIES, STORED_QUERIES, Trial, Wrong, phase
from world import World

TRACED = ["write", "pwrite64", "fdatasync", "fsync", "rename,renameat2", "unlink,unlinkat", "ftruncate",
          "openat", "mkdir,mkdirat", "close"]


class Harness:
    def __init__(self, options, variables=None):
        self.options, self.variables, self.queries = options, variables or {}, list(QUERIES)
        self.root = tempfile.mkdtemp(prefix="moontide-crash-")
        self.rng = random.Random(options.seed)
        self.world = World(options.seed)
        self.lock = threading.Lock()
        self.kills = collections.Counter()
        self.by_query = collections.Counter()
        self.survived = 0
        self.turn = 0
        self.wrong = []
        self.calls = {}  # query → phase → numbers of storage calls
        self.steps = {}
        self.seconds = {}

    def trial(self, query, name):
        return Trial(self.options.binary, self.world, query, f"{self.root}/{query}-{name}", self.variables)

    def has_rocksdb(self):
        """Whether the library of the other state store is there."""
        trial = self.trial(STORED_QUERIES[0], "probe")
        status, _ = trial.run()
        return status == 0 or "STATE_STORE_LIBRARY_MISSING" not in trial.last

    def trace(self, query):
        """A run without a kill: which call belongs to which phase."""
        trial = self.trial(query, "trace")
        began = time.monotonic()
        status, faults = trial.run("storage:trace,machine:trace")
        self.seconds[query] = time.monotonic() - began
        if status != 0:
            raise Wrong(f"{query} does not run: {trial.last[-1500:]}")
        trial.compare()
        calls = [fault for fault in faults if not fault[1].startswith("machine")]
        phases = collections.defaultdict(list)
        for number, (_, call, step, path) in enumerate(calls, 1):
            phases[phase(call, step, path, False)].append((number, call))
        self.calls[query] = phases
        self.steps[query] = len(faults) - len(calls)
        shutil.rmtree(trial.folder)

    def plans(self, kills):
        """Trials, each a list of ends; phases in turn, so that a short list hits them all."""
        plans = []
        count = 0
        wanted = [p for p in PHASES if p != "recovery"]
        planned = collections.Counter(self.kills)
        while count < kills:
            turn, self.turn = self.turn, self.turn + 1
            query = self.queries[turn % len(self.queries)]
            kind = turn % 7
            if kind < 5:
                chosen = min((p for p in wanted if self.calls[query][p]), key=lambda p: planned[p])
                planned[chosen] += 1
                number, call = self.rng.choice(self.calls[query][chosen])
                action = "torn" if call == "write" and self.rng.random() < 0.6 else "kill"
                ends = [{"fault": f"storage:{action}:{number}"}]
            elif kind == 5:
                ends = [{"fault": f"machine:kill:{self.rng.randint(1, self.steps[query])}"}]
            elif turn // 7 % 2 or not shutil.which("strace"):
                ends = [{"after": self.rng.random() * self.seconds[query]}]
            else:
                calls = self.rng.choice(TRACED)
                when = self.rng.randint(1, 40)
                ends = [{"tracer": ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                                    f"inject={calls}:signal=SIGKILL:when={when}"]}]
            # Killed again while it recovers, and again.
            while self.rng.random() < 0.45 and len(ends) < 3:
                ends.append({"fault": f"storage:kill:{self.rng.randint(1, 30)}"})
            plans.append((query, ends))
            count += len(ends)
        return plans

    def perform(self, number, query, ends):
        trial = self.trial(query, number)
        try:
            for end in ends:
                if trial.kill(**end) is None:
                    with self.lock:
                        self.survived += 1
            trial.finish()
            if trial.expected is not None and number % 5 == 0:
                trial.read_back()
        except Wrong as wrong:
            with self.lock:
                self.wrong.append((query, ends, trial.kills, str(wrong)))
        finally:
            with self.lock:
                self.kills.update(trial.kills)
                self.by_query[query] += len(trial.kills)
        if not self.options.keep:
            shutil.rmtree(trial.folder, ignore_errors=True)

    def check(self, query, name):
        """What no kill shows: the order of syncs, and the lock."""
        trial = self.trial(query, name)
        try:
            trial.check_order() if name == "order" else trial.check_lock()
        except Wrong as wrong:
            self.wrong.append((query, name, [], str(wrong)))
        if not self.options.keep:
            shutil.rmtree(trial.folder, ignore_errors=True)

    def run(self):
        began = time.monotonic()
        self.trials = 0
        if self.has_rocksdb():
            self.queries += STORED_QUERIES
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for done in [pool.submit(self.trace, query) for query in self.queries]:
                done.result()
            checks = [pool.submit(self.check, "stateless", "lock")]
            if shutil.which("strace"):
                checks += [pool.submit(self.check, query, "order") for query in self.queries]
            for done in checks:
                done.result()
            number = 0
            while sum(self.kills.values()) < self.options.kills and not (self.wrong and self.options.first):
                plans = self.plans(min(16, self.options.kills - sum(self.kills.values())))
                jobs = []
                for query, ends in plans:
                    number += 1
                    jobs.append(pool.submit(self.perform, number, query, ends))
                for job in jobs:
                    job.result()
        self.trials = number
        self.time = time.monotonic() - began
        if not self.options.keep:
            shutil.rmtree(self.root, ignore_errors=True)

    def report(self):
        """The outcome as text; whether all is well."""
        total = sum(self.kills.values())
        print(f"crash: {total} kills in {self.trials} trials, {self.time:.0f} s, seed {self.options.seed}; "
              f"{self.survived} runs were over before their kill")
        print("  by phase: " + ", ".join(f"{name} {self.kills[name]}" for name in PHASES)
              + "".join(f", {name} {n}" for name, n in sorted(self.kills.items()) if name not in PHASES))
        print("  by query: " + ", ".join(f"{name} {self.by_query[name]}" for name in self.queries))
        wanted = PHASES + ["between steps", "any moment"] + ["traced call"] * bool(shutil.which("strace"))
        missed = [name for name in wanted if not self.kills[name]]
        if missed:
            print(f"  never hit: {', '.join(missed)}")
        for query, ends, kills, why in self.wrong[:10]:
            print(f"  WRONG {query} {json.dumps(ends)} {kills}: {why}")
        print(f"  {len(self.wrong)} wrong")
        return not self.wrong and not missed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="leave the folders of the trials")
    parser.add_argument("--first", action="store_true", help="stop at the first wrong trial")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    harness = Harness(options)
    try:
        harness.run()
    except Wrong as wrong:
        print(f"crash: {wrong}")
        return 1
    return 0 if harness.report() else 1


if __name__ == "__main__":
    sys.exit(main())
