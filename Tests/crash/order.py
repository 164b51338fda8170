"""What must be durable before what: the system calls of a run, as strace saw them, held against the
order that the argument in docs/internals/exactly-once.md stands on. A kill cannot show a missing sync,
since the kernel keeps what a killed process wrote; this can."""

import os
import re

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,mkdir,unlink"
TRACER = ["strace", "-f", "-y", "-qq", "-s", "160", "-e", f"trace={CALLS}", "-e", "signal=none", "-o"]
LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Order:
    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.files = set()  # written and not synced
        self.entries = set()  # directories with new names in them, not synced
        self.snapshots = set()  # directories with a new snapshot, not synced
        self.record = None  # the last record of the batch log
        self.logged = False  # the sink's log has the batch at hand
        self.wrong = []

    def complain(self, text):
        self.wrong.append(text)

    def inside(self, path):
        path = os.path.normpath(os.path.join(self.folder, path))
        if not path.startswith(self.folder + "/checkpoint") and not path.startswith(self.folder + "/out"):
            return None
        # RocksDB's own files are made anew from the change files.
        return None if path.endswith("/lock") or "/state/live" in path else path

    def dirty(self, *texts):
        return [p for p in self.files | self.entries if any(text in p for text in texts) and "snapshot-" not in p]

    def must_be_durable(self, before, *texts):
        left = self.dirty(*texts)
        if left:
            self.complain(f"{before}, and {os.path.relpath(sorted(left)[0], self.folder)} is not durable")

    def written(self, path, text):
        if path.endswith("/checkpoint/batches.log"):
            if '\\"record\\":\\"commit\\"' in text:
                self.must_be_durable("a commit is logged", "/checkpoint/state", "/out")
                self.record = "commit"
            elif '\\"record\\":' in text:
                self.must_be_durable("offsets are logged", "/checkpoint/sources")
                self.record, self.logged = "offsets", False
        elif path.endswith("/_moontide_metadata/files.log"):
            self.during_batch("the sink's log is written")
            self.must_be_durable("a batch enters the sink's log", "/out/.moontide-", "=")
            self.logged = True
        elif "/.moontide-" in path or "/state/changes-" in path:
            self.during_batch(f"{os.path.basename(path)[:20]}… is written")
        self.files.add(path)

    def during_batch(self, what):
        if self.record != "offsets":
            self.complain(f"{what} while no offsets are logged for the batch")
        self.must_be_durable(what, "/checkpoint/batches.log")

    def renamed(self, old, new):
        if old in self.files:
            self.complain(f"{os.path.relpath(new, self.folder)} gets its name before its bytes are durable")
        if "/.moontide-" in old:
            if not self.logged:
                self.complain("a file comes into view before the sink's log has it")
            self.must_be_durable("a file comes into view", "/_moontide_metadata/files.log")
        self.files.discard(old)
        # A snapshot is made beside the batches: only what it replaces must wait for it.
        (self.snapshots if "/snapshot-" in new else self.entries).add(os.path.dirname(new))

    def call(self, name, rest):
        if name in ("write", "pwrite64"):
            found = DESCRIPTOR.match(rest)
            path = found and self.inside(found.group(1))
            if path:
                self.written(path, rest)
        elif name in ("fsync", "fdatasync"):
            found = DESCRIPTOR.match(rest)
            path = found and self.inside(found.group(1))
            self.files.discard(path)
            self.entries.discard(path)
            self.snapshots.discard(path)
        elif name == "unlink":
            names = QUOTED.findall(rest)
            path = names and self.inside(names[0])
            if path and os.path.dirname(path) in self.snapshots and rest.rstrip().endswith("= 0"):
                self.complain(f"{os.path.relpath(path, self.folder)} goes before the snapshot is durable")
        elif name in ("rename", "renameat2"):
            names = [self.inside(x) for x in QUOTED.findall(rest)]
            if len(names) == 2 and all(names) and rest.rstrip().endswith("= 0"):
                self.renamed(*names)
        elif name == "mkdir" or (name == "openat" and "O_CREAT" in rest and "O_EXCL" not in rest):
            names = QUOTED.findall(rest)
            path = names and self.inside(names[0])
            # A log that was there already gets no new name.
            if path and (name == "mkdir" or "/.moontide-" in path):
                self.entries.add(os.path.dirname(path))

    def read(self, trace):
        begun = {}
        with open(trace, errors="replace") as lines:
            for line in lines:
                found = LINE.match(line.rstrip("\n"))
                if not found:
                    continue
                thread, text = found.groups()
                resumed = RESUMED.match(text)
                if resumed:
                    text = begun.pop(thread, "") + resumed.group(1)
                elif text.endswith("<unfinished ...>"):
                    begun[thread] = text.removesuffix("<unfinished ...>")
                    # A write counts from where it begins, a sync where it ends.
                    if not text.startswith("write("):
                        continue
                call = CALL.match(text)
                if call:
                    self.call(*call.groups())
        self.entries.discard(self.folder)
        left = self.dirty("/checkpoint", "/out")
        if left:
            self.complain(f"at the end {os.path.relpath(sorted(left)[0], self.folder)} is not durable")
        return self.wrong
