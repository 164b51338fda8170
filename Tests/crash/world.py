"""The input of the crash harness, and what each query must give: plain Python over the same rows,
which knows nothing of batches, watermarks or state."""

import collections
import datetime
import json
import os
import random

FILES = 14
ROWS = 12
START = 1704067200  # 2024-01-01 00:00:00 UTC
KEYS = ["a", "b", "c"]


class World:
    def __init__(self, seed):
        rng = random.Random(seed)
        self.files = []
        self.views = []
        number = 0
        for index in range(FILES):
            rows = []
            for _ in range(ROWS):
                number += 1
                at = START + 60 + index * 10 + rng.randrange(10) - rng.randrange(8)
                rows.append(self.row(number, at, rng.choice(KEYS), rng.randrange(100)))
                # Once more, at once or with the next file.
                if rng.random() < 0.2:
                    rows.append(dict(rows[-1]))
            fresh = list(rows)
            # And some once more with the next file, which no watermark has passed yet.
            if index:
                rows += [dict(r) for r in rng.sample(before, 2)]
            before = fresh
            if index >= 5:
                # Ten minutes old: every watermark has long passed it.
                number += 1
                late = self.row(number, START - 600 + index, rng.choice(KEYS), 1)
                late["late"] = True
                rows.append(late)
            self.files.append(rows)
        for index in range(FILES):
            self.views.append(
                [self.row(1000 + index * ROWS + i, r["at"] + rng.randrange(8), r["key"], 0)
                 for i, r in enumerate(rng.sample([r for r in self.files[index] if not r.get("late")], 6))])
        # What makes every watermark pass everything.
        self.files.append([self.row(9_000_000, START + 86400, "end", 0)])
        self.views.append([self.row(9_000_001, START + 86400, "end2", 0)])

    @staticmethod
    def row(number, at, key, value):
        return {"id": number, "at": at, "key": key, "value": value}

    def write(self, directory):
        for name, files in (("in", self.files), ("views", self.views)):
            os.makedirs(f"{directory}/{name}")
            for index, rows in enumerate(files):
                write_rows(f"{directory}/{name}/{index:03}.json", rows, index)

    def expected(self, query):
        """The rows of the output, sorted, as JSON texts; None where the output is no directory."""
        rows = [row for file in self.files for row in file]
        timely = [row for row in rows if not row.get("late")]
        if query == "stateless":
            made = [{"id": r["id"], "twice": r["value"] * 2} for r in rows if r["value"] % 3 and r["value"] % 10 != 7]
        elif query == "window":
            groups = collections.defaultdict(list)
            for r in timely:
                if r["key"] != "end":
                    groups[r["at"] // 10 * 10, r["key"]].append(r["value"])
            made = [{"at": at, "key": key, "n": len(v), "total": sum(v)} for (at, key), v in groups.items()]
        elif query == "dedup":
            made = [{"id": i, "key": k} for i, k in {(r["id"], r["key"]) for r in timely}]
        elif query == "join":
            views = [v for file in self.views for v in file]
            made = [{"id": r["id"], "view": v["id"]} for r in timely for v in views
                    if r["key"] == v["key"] and 0 <= v["at"] - r["at"] <= 5]
        elif query == "state":
            made = list(self.running(lambda n, total, key: {"key": key, "n": n, "total": total}))
        else:
            return None
        return sorted(text(row) for row in made)

    def expected_aside(self, query):
        """The ids of the rows that are put aside."""
        rows = [row for file in self.files for row in file] if query == "stateless" else []
        return sorted(r["id"] for r in rows if r["value"] % 3 and r["value"] % 10 == 7)

    def running(self, make):
        """For each file and key in it: counts and sums so far."""
        counts, sums = collections.Counter(), collections.Counter()
        for file in self.files:
            for row in file:
                counts[row["key"]] += 1
                sums[row["key"]] += row["value"]
            for key in sorted({row["key"] for row in file}):
                yield make(counts[key], sums[key], key)

    def expected_counts(self):
        """(key, n, batch) of foreachBatch."""
        counts = collections.Counter()
        made = []
        for batch, file in enumerate(self.files):
            counts.update(row["key"] for row in file)
            made += [(key, counts[key], batch) for key in {row["key"] for row in file}]
        return sorted(made)


def write_rows(path, rows, age):
    """A file that appears whole; files are read by age."""
    hidden = os.path.join(os.path.dirname(path), ".new")
    with open(hidden, "w") as out:
        for row in rows:
            shown = {"id": row["id"], "ts": stamp(row["at"]), "key": row["key"], "value": row["value"]}
            out.write(json.dumps(shown) + "\n")
    os.utime(hidden, (1_600_000_000 + age,) * 2)
    os.rename(hidden, path)


def stamp(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def text(row):
    return json.dumps(row, sort_keys=True)
