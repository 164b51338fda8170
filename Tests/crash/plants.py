#!/usr/bin/env python3
"""Holds the crash harness to what it claims: bugs are planted, and it must find each.

usage: plants.py TREE [--kills N] [--only NAME,…] [--check]

A copy of the source tree in the folder TREE gets all of them at once, each behind a switch that is read
from MOONTIDE_PLANT, and is built once (debug); the tree that is used has none of this. `--check` only
sees that every plant still has its place in the sources.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

from crash import Harness
from trial import HERE, Wrong

ROOT = os.path.dirname(os.path.dirname(HERE))
SWITCH = '''import Glibc

/// Which bug is planted in this process.
public enum Planted {
  private static let name = getenv("MOONTIDE_PLANT").map { String(cString: $0) } ?? ""
  public static func `is`(_ wanted: String) -> Bool { name == wanted }
}
'''
STORAGE = "Sources/Contract/PosixStorage.swift"
RECORDS = "Sources/Contract/RecordLog.swift"
RUN = "Sources/Streaming/Run/QueryRun.swift"
MACHINE = "Sources/Streaming/Machine/MicroBatchMachine.swift"
SINK = "Sources/Connectors/Files/FileSink.swift"
SOURCE = "Sources/Connectors/Files/FileStreamSource.swift"
FOLDER = "Sources/State/StateFolder.swift"
STORE = "Sources/State/DurableStateStore.swift"
MERGE = "Sources/State/StateMerge.swift"

# name → what is wrong, and the places: file, what stands there, what is put there.
PLANTS = {
    "no-sync": ("files are not synced", [
        (STORAGE, "    if fdatasync(descriptor) != 0 {", '    if !Planted.is("no-sync"), fdatasync(descriptor) != 0 {')]),
    "no-directory-sync": ("directories are not synced", [
        (STORAGE, "    if fsync(descriptor) != 0 {", '    if !Planted.is("no-directory-sync"), fsync(descriptor) != 0 {')]),
    "commit-before-sink": ("the batch is committed before the sink", [
        (RUN, '      try trigger.timed("addBatch") { try commitSink() }',
         '      if !Planted.is("commit-before-sink") { try trigger.timed("addBatch") { try commitSink() } }'),
        (RUN, '      try trigger.timed("commitOffsets") { try log.append(record) }',
         '      try trigger.timed("commitOffsets") { try log.append(record) }\n'
         '      if Planted.is("commit-before-sink") { try commitSink() }')]),
    "offsets-after-batch": ("offsets are logged after the batch has run", [
        (RUN, '      try trigger.timed("walCommit") { try log.append(record) }',
         '      if !Planted.is("offsets-after-batch") { try log.append(record) }'),
        (RUN, "      record.stateMark = stateMark\n",
         "      record.stateMark = stateMark\n"
         '      if Planted.is("offsets-after-batch"), let running { try log.append(running) }\n')]),
    "offsets-ignored": ("a logged batch is planned anew", [
        (MACHINE, "    if let record = unfinished {\n",
         '    if Planted.is("offsets-ignored"), let record = unfinished { starts = record.ranges.map(\\.start) }\n'
         '    if let record = unfinished, !Planted.is("offsets-ignored") {\n')]),
    "watermark-not-kept": ("a new run begins without a watermark", [
        (MACHINE, "        at: max(last.watermarkMs, commit.nextWatermarkMs), progress.cutShort?.nodeWatermarksMs)",
         '        at: Planted.is("watermark-not-kept") ? 0 : max(last.watermarkMs, commit.nextWatermarkMs),\n'
         '        Planted.is("watermark-not-kept") ? nil : progress.cutShort?.nodeWatermarksMs)'),
        (MACHINE, "      lateWatermarkMs = last.watermarkMs\n",
         '      lateWatermarkMs = Planted.is("watermark-not-kept") ? 0 : last.watermarkMs\n')]),
    "sink-log-ignored": ("the sink does not ask its log whether it has a batch", [
        (SINK, "    if id <= lastBatch { return nil }",
         '    if id <= lastBatch, !Planted.is("sink-log-ignored") { return nil }')]),
    "renames-not-finished": ("files that are logged and not yet in view are dropped", [
        (SINK, "      try show(last)\n", '      if !Planted.is("renames-not-finished") { try show(last) }\n')]),
    "rename-before-log": ("files come into view before they are logged", [
        (SINK, "    try log.append([record])\n",
         '    if Planted.is("rename-before-log") { try show(record) }\n    try log.append([record])\n')]),
    "hidden-left": ("files of failed attempts stay", [
        (SINK, "    try removeHidden(root)\n  }\n",
         '    if !Planted.is("hidden-left") { try removeHidden(root) }\n  }\n')]),
    "lock-ignored": ("a checkpoint in use is taken all the same", [
        (STORAGE, "      if moontide_lock_file(descriptor) != 0 {",
         '      if moontide_lock_file(descriptor) != 0, !Planted.is("lock-ignored") {')]),
    "failed-state-kept": ("the state that a failed attempt wrote counts", [
        (FOLDER, "        limit: isLast ? end.byteCount : .max)",
         '        limit: isLast && !Planted.is("failed-state-kept") ? end.byteCount : .max)'),
        (FOLDER, "      guard file.restByteCount == 0, !isLast || file.soundByteCount == end.byteCount else {",
         '      guard Planted.is("failed-state-kept") || file.restByteCount == 0,\n'
         "        Planted.is(\"failed-state-kept\") || !isLast || file.soundByteCount == end.byteCount\n      else {"),
        (MERGE, "$0.version <= version && $0.version > since",
         '($0.version <= version || Planted.is("failed-state-kept")) && $0.version > since')]),
    "old-state-mark": ("a commit names the state of the batch before", [
        (RUN, "    stateMark = try stateStore.commit()",
         '    let planted = stateMark\n    stateMark = try stateStore.commit()\n'
         '    if Planted.is("old-state-mark") { stateMark = planted ?? stateMark }')]),
    "torn-tail-kept": ("what a torn append left is not cut", [
        (RECORDS, "    let log = try storage.openLog(path, keeping: contents.soundByteCount)",
         "    let log = try storage.openLog(\n"
         '      path, keeping: Planted.is("torn-tail-kept") ? nil : contents.soundByteCount)')]),
    "purged-too-much": ("the log forgets the last commit", [
        (RUN, '        before: last + 1 - settings[integer: "moontide.streaming.minBatchesToRetain"])',
         '        before: Planted.is("purged-too-much") ? last + 1\n'
         '          : last + 1 - settings[integer: "moontide.streaming.minBatchesToRetain"])')]),
    "found-files-join": ("files found for a batch that was not logged come with the next ones", [
        (SOURCE, "    if limit == .asConfigured, found <= current {",
         '    if !Planted.is("found-files-join"), limit == .asConfigured, found <= current {')]),
    "source-log-forgets": ("a rewritten source log forgets files that still count", [
        (SOURCE, "    let old = seen.remembered.filter { !kept.contains($0.path) }",
         '    let old = Planted.is("source-log-forgets") ? [] : seen.remembered.filter { !kept.contains($0.path) }')]),
}


def plant(root):
    """Puts every plant into the sources below a folder; what has lost its place."""
    lost = []
    for name, (_, places) in PLANTS.items():
        for path, old, new in places:
            with open(f"{root}/{path}") as source:
                text = source.read()
            if text.count(old) != 1:
                lost.append(f"{name}: {path} has {text.count(old)} times: {old.strip()}")
                continue
            with open(f"{root}/{path}", "w") as source:
                source.write(text.replace(old, new))
    return lost


def check():
    """Whether every plant has its place, tried on a copy of the sources."""
    import tempfile
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(f"{ROOT}/Sources", f"{copy}/Sources")
        return plant(copy)


def build(tree):
    """A planted copy of this tree, with its build folder where there is one."""
    if not os.path.exists(tree):
        subprocess.run(["cp", "-a", ROOT, tree], check=True)
        lost = plant(tree)
        if lost:
            sys.exit("\n".join(lost))
        with open(f"{tree}/Sources/Contract/Planted.swift", "w") as switch:
            switch.write(SWITCH)
    # The build may have to see the tree in another place: PLANT_BUILD is put before the command.
    command = os.environ.get("PLANT_BUILD", "").split() + ["swift", "build", "--product", "moontide"]
    made = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    if made.returncode:
        sys.exit("\n".join(l for l in made.stdout.splitlines() if "error" in l)[-3000:])
    return f"{tree}/.build/debug/moontide"


def hunt(binary, name, kills, seed):
    """Runs the harness over one plant until something is wrong."""
    class Options:
        pass
    options = Options()
    options.binary, options.kills, options.seed, options.jobs = binary, kills, seed, 2
    options.keep, options.first = False, True
    harness = Harness(options, {"MOONTIDE_PLANT": name})
    began = time.monotonic()
    try:
        harness.run()
    except Wrong as wrong:
        harness.wrong.append(("", [], [], str(wrong)))
    return harness, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tree")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        lost = check()
        print("\n".join(lost) or f"plants: {len(PLANTS)} have their place")
        return 1 if lost else 0
    binary = build(options.tree)
    missed = []
    for name in options.only.split(",") if options.only else ["none", *PLANTS]:
        harness, seconds = hunt(binary, name, options.kills, options.seed)
        kills = sum(harness.kills.values())
        what = "nothing planted" if name == "none" else PLANTS[name][0]
        outcome = f"found after {kills} kills" if harness.wrong else f"not found in {kills} kills"
        why = " ".join(harness.wrong[0][3].split())[:150] if harness.wrong else ""
        print(f"{name} ({what}): {outcome}, {seconds:.0f} s. {why}", flush=True)
        if (name == "none") == bool(harness.wrong):
            missed.append(name)
    print(f"plants: {len(missed)} wrong {' '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
