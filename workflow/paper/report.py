"""Tables and plots of what the workflow has run so far; what is missing is counted and reported.

Reads scores/PARENT/TF/HOW-N-SEED.tsv (tables of `tfbind evaluate`) and writes into the folder -o:
runs.tsv, summary.tsv, report.md, a.svg, b.svg, c.svg. With --readme FILE it also puts report.md
between the two marks in FILE. Intervals are 95 % intervals of the mean over seeds (Student's t).
Differences are paired by seed, since both sides of a pair have the same regions. It needs Python's
standard library alone.
"""
import argparse
import math
import os
import re
import sys
import textwrap

T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086]
METRICS = ["mcc", "auprc"]
NAMES = {
    "mode": "same binding mode",
    "correlation": "best correlated",
    "cofactor": "co-factors",
    "least": "same mode, least correlated",
    "random": "random",
    "partners": "partners",
}
TARGET = ("without", "with")  # whether the target is among the TFs of the parent
BEGIN, END = "<!-- results: written by report.py -->", "<!-- end of results -->"


class Stat:
    """Mean of numbers with its 95 % interval; nothing of no numbers, no interval of one."""

    def __init__(self, values):
        self.n = len(values)
        self.mean = sum(values) / self.n if self.n else math.nan
        self.half = math.nan
        if self.n > 1:
            var = sum((v - self.mean) ** 2 for v in values) / (self.n - 1)
            self.half = (T975[self.n - 2] if self.n - 2 < len(T975) else 1.96) * math.sqrt(var / self.n)
        self.low, self.high = self.mean - self.half, self.mean + self.half

    def __str__(self):
        if not self.n:
            return "not run"
        return f"{self.mean:.2f}" + ("" if math.isnan(self.half) else f" [{self.low:.2f}, {self.high:.2f}]")

    def signed(self):
        if not self.n:
            return "."
        return f"{self.mean:+.2f}" + ("" if math.isnan(self.half) else f" [{self.low:+.2f}, {self.high:+.2f}]")


def read_scores(folder):
    """{(parent, tf, how, n, seed): {metric: value}}; the multi-task model as it is has how "multi", n and seed 0."""
    runs = {}
    for top, _, files in os.walk(folder):
        for name in files:
            m = re.fullmatch(r"(scratch|transfer|frozen)-(\d+)-(\d+)\.tsv|(multi)\.tsv", name)
            if not m:
                continue
            path = os.path.join(top, name)
            parent, tf = os.path.relpath(top, folder).split(os.sep)
            with open(path) as f:
                head = f.readline().split()
                row = dict(zip(head, f.readline().split()))
            if row.get("target") != tf or any(k not in row for k in METRICS):
                sys.exit(f"report.py: {path} is not a table of tfbind evaluate for {tf}")
            if row["mcc"] == ".":
                sys.exit(f"report.py: {path}: {tf} has too few test regions ({row['n_bound']} bound of {row['n']})")
            key = parent, tf, m[1] or "multi", int(m[2] or 0), int(m[3] or 0)
            runs[key] = {k: float(row[k]) for k in ["auroc", *METRICS, "n_bound"]}
    return runs


class Results:
    def __init__(self, args):
        self.a = args
        self.runs = read_scores(args.scores)

    def values(self, parent, tf, how, n, metric):
        """{seed: value}"""
        keys = {s: (parent, tf, how, n, s) for s in range(1, self.a.seeds + 1)}
        return {s: self.runs[k][metric] for s, k in keys.items() if k in self.runs}

    def group(self, tf, by, target, metric="mcc"):
        """{seed: value} of transfer from a group of TFs"""
        return self.values(f"{tf}-{by}-{target}", tf, "transfer", self.a.size, metric)

    def stat(self, *key):
        return Stat(list(self.values(*key).values()))

    def multi(self, tf, metric):
        r = self.runs.get(("all", tf, "multi", 0, 0))
        return r[metric] if r else math.nan

    def bar(self, key, tf, metric):
        """Stat of a bar of plot c: key is one of bars()."""
        parent, how = key
        if how != "multi":
            return self.stat(parent, tf, how, self.a.size, metric)
        value = self.multi(tf, metric)
        return Stat([] if math.isnan(value) else [value])

    def gain(self, tf, n, metric):
        """What transfer is above training from scratch."""
        transfer = self.values("others", tf, "transfer", n, metric)
        return self.diff(transfer, self.values("others", tf, "scratch", n, metric))

    def diff(self, x, y):
        """x - y by seed; x and y from values(), y may be a number."""
        if not isinstance(y, dict):
            y = {s: y for s in x if not math.isnan(y)}
        return Stat([x[s] - y[s] for s in x if s in y])

    def reached(self, tf, n):
        """Bound regions that there were, if there were fewer than n."""
        path = os.path.join(self.a.logs, "others", tf, f"transfer-{n}-1.log")
        if os.path.exists(path):
            with open(path) as f:
                m = re.search(r"has only (\d+) bound regions", f.read())
            if m:
                return int(m[1])
        return n


def verdict(d):
    if d.n == 0:
        return "not run"
    if math.isnan(d.half):
        return "one seed, no interval"
    if d.low > 0:
        return "clearly better"
    return "clearly worse" if d.high < 0 else "no clear difference"


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    lines.insert(1, "|" + " --- |" * len(head))
    return "\n".join(lines) + "\n"


def paragraph(text, indent=""):
    """Running text in lines that diff well."""
    return textwrap.fill(text, 110, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def item(text):
    return paragraph("- " + text, "  ")


def tally(cells, what):
    """A sentence on named differences: how many are clear, and every one that does not agree, by name and number."""
    run = [(name, d) for name, d in cells if d.n]
    if not run:
        return f"{what}: not run yet."
    better = [c for c in run if verdict(c[1]) == "clearly better"]
    worse = [c for c in run if verdict(c[1]) == "clearly worse"]
    single = [c for c in run if math.isnan(c[1].half)]
    rest = [c for c in run if c not in better and c not in worse and c not in single]
    s = f"{what}: clearly so in {len(better)} of {len(run)} comparisons"
    if worse:
        s += "; **the reverse** for " + ", ".join(f"{name} ({d.signed()})" for name, d in worse)
    if rest:
        s += "; no clear difference for " + ", ".join(f"{name} ({d.signed()})" for name, d in rest)
    if single:
        s += "; one seed only, so no interval, for " + ", ".join(f"{name} ({d.signed()})" for name, d in single)
    if len(run) < len(cells):
        s += f"; {len(cells) - len(run)} not run yet"
    return s + "."


def report_a(r, say):
    """From scratch against transfer."""
    a, hows = r.a, ("scratch", "transfer")
    want = {("others", tf, how, n, s)
            for tf in a.tfs for how in hows for n in a.sizes for s in range(1, a.seeds + 1)}
    say("### a. From scratch against transfer\n")
    say(paragraph(f"{len(want & set(r.runs))} of {len(want)} trainings. The multi-task parent never saw labels of "
                  "these TFs; both sides of a pair train on the same regions.") + "\n")
    rows = []
    for tf in a.tfs:
        for n in a.sizes:
            v = {(how, m): r.values("others", tf, how, n, m) for how in hows for m in METRICS}
            if not v["scratch", "mcc"] and not v["transfer", "mcc"]:
                rows.append([tf, str(n), "0/0", *["not run"] * 6])
                continue
            size = r.reached(tf, n)
            cells = [tf, str(n) if size == n else f"{n} ({size} exist)"]
            cells.append(f"{len(v['scratch', 'mcc'])}/{len(v['transfer', 'mcc'])}")
            for m in METRICS:
                cells += [str(Stat(list(v[how, m].values()))) for how in hows]
                cells.append(r.diff(v["transfer", m], v["scratch", m]).signed())
            rows.append(cells)
    say(table(["TF", "bound regions", "seeds, scratch/transfer", "MCC scratch", "MCC transfer", "gain",
               "AUPRC scratch", "AUPRC transfer", "gain"], rows))
    for m in METRICS:
        small = [(f"{tf} at {n}", r.gain(tf, n, m)) for tf in a.tfs for n in a.sizes if n <= 500]
        say(item(tally(small, f"Transfer beats scratch at 500 regions and fewer ({m.upper()})")))
    large = [(f"{tf} at {n}", r.gain(tf, n, "mcc")) for tf in a.tfs for n in a.sizes if n > 500]
    below = [f"{name} ({d.signed()})" for name, d in large if d.n and d.mean < 0]
    n_run = sum(d.n > 0 for _, d in large)
    say(item(f"Transfer is not below scratch at more than 500 regions (MCC): {n_run - len(below)} of {n_run}"
             + ("; below for " + ", ".join(below) if below else "") + "."))
    for m in METRICS:
        gains = []
        for n in sorted(a.sizes, reverse=True):
            d = [x.mean for x in (r.gain(tf, n, m) for tf in a.tfs) if x.n]
            if d:
                gains.append(f"{n}: {Stat(d).signed()} ({len(d)} TFs)")
        say(item(f"Mean gain in {m.upper()} over TFs, with the interval over TFs, by bound regions: "
                 + ("; ".join(gains) or "not run yet") + "."))
    say("\n![a](results/a.svg)\n")


def report_b(r, say):
    """Parents of five TFs, chosen in several ways."""
    a = r.a
    say(f"### b. Five-TF parents, {a.size} bound regions\n")
    pairs = [(tf, by) for tf in a.tfs for by in a.by]
    rows = []
    for tf, by in pairs:
        if not any(r.group(tf, by, t) for t in TARGET):
            continue
        stats = [Stat(list(r.group(tf, by, t, m).values())) for m in METRICS for t in TARGET]
        rows.append([tf, NAMES.get(by, by), *(f"{s} ({s.n})" if s.n else "not run" for s in stats)])
    if rows:
        say(table(["TF", "parent's TFs", "MCC, target not among them (seeds)", "MCC, among them",
                   "AUPRC, not among them", "AUPRC, among them"], rows))
    n_parents = len(TARGET) * len(pairs)
    not_run = [f"{tf} {by} {t}" for tf, by in pairs for t in TARGET if not r.group(tf, by, t)]
    if len(not_run) == n_parents:
        say(f"None of the {len(not_run)} parents has been run yet.\n")
    elif not_run:
        say(paragraph(f"Not run yet: {len(not_run)} of {n_parents} parents ({', '.join(not_run)}).") + "\n")

    def compare(what, better, worse, ways):
        cells = [(f"{tf} {NAMES.get(by, by)}", r.diff(better(tf, by), worse(tf, by)))
                 for tf, by in pairs if by in ways]
        say(item(tally(cells, what)))

    for m in METRICS:
        compare(f"Relevant TFs beat random ones, target not among them ({m.upper()})",
                lambda tf, by: r.group(tf, by, "without", m), lambda tf, by: r.group(tf, "random", "without", m),
                set(a.by) - {"random"})
    if "least" in a.by:
        compare("TFs of the same mode or best correlated beat the least correlated of the mode (MCC)",
                lambda tf, by: r.group(tf, by, "without"), lambda tf, by: r.group(tf, "least", "without"),
                {"mode", "correlation"})
    compare("The target among the parent's TFs helps (MCC)",
            lambda tf, by: r.group(tf, by, "with"), lambda tf, by: r.group(tf, by, "without"), a.by)
    compare("Five TFs, target not among them, beat scratch (MCC; regions differ if the parents' do)",
            lambda tf, by: r.group(tf, by, "without"),
            lambda tf, by: r.values("others", tf, "scratch", a.size, "mcc"), a.by)
    say("\n![b](results/b.svg)\n" if len(not_run) < n_parents else "")


def report_c(r, say):
    """Frozen layers, the multi-task model as it is, and another architecture."""
    a = r.a
    say(f"### c. Frozen layers, multi-task model, DanQ; {a.size} bound regions\n")
    rows = []
    for label, key in bars(r):
        for tf in (a.tfs if key[0] not in ("danq", "convnet") else a.danq_tfs):
            mcc, auprc = (r.bar(key, tf, m) for m in METRICS)
            if mcc.n:
                rows.append([tf, label, str(mcc.n), str(mcc), str(auprc)])
    rows.sort(key=lambda x: a.tfs.index(x[0]))
    if rows:
        say(table(["TF", "model", "seeds", "MCC", "AUPRC"], rows))

    def values(parent, tf, how):
        return r.values(parent, tf, how, a.size, "mcc")

    for parent, text in (("others", "parent without the target"), ("all", "parent with the target")):
        cells = [(tf, r.diff(values(parent, tf, "transfer"), values(parent, tf, "frozen"))) for tf in a.tfs]
        say(item(tally(cells, f"Training all layers beats frozen convolutions, {text} (MCC)")))
    why = "; its threshold is set by unbalanced labels, so that its MCC is low although its ranking is good"
    for m in METRICS:
        cells = [(tf, r.diff(r.values("all", tf, "transfer", a.size, m), r.multi(tf, m))) for tf in a.tfs]
        say(item(tally(cells, f"Fine-tuned models beat the multi-task model that they come from ({m.upper()})"
                       + (why if m == "mcc" else ""))))
    for how in ("scratch", "transfer"):
        cells = [(tf, r.diff(values("convnet", tf, how), values("danq", tf, how))) for tf in a.danq_tfs]
        say(item(tally(cells, f"ConvNet beats DanQ, {how} (MCC)")))
    cells = [(tf, r.diff(values("danq", tf, "transfer"), values("danq", tf, "scratch"))) for tf in a.danq_tfs]
    say(item(tally(cells, "Transfer beats scratch with DanQ, too (MCC)")))
    if any(row[1] not in ("scratch", "transfer, target unseen") for row in rows):
        say("\n![c](results/c.svg)")


def write_report(r):
    note = f"Measured: {r.a.note}. Mean and 95 % interval over the seeds that have been run."
    out = [paragraph(note) + "\n"]
    report_a(r, out.append)
    report_b(r, out.append)
    report_c(r, out.append)
    return "\n".join(out) + "\n"


def bars(r):
    return [
        ("scratch", ("others", "scratch")),
        ("transfer, target unseen", ("others", "transfer")),
        ("the same, frozen", ("others", "frozen")),
        ("multi-task, as it is", ("all", "multi")),
        ("fine-tuned from it", ("all", "transfer")),
        ("the same, frozen ", ("all", "frozen")),
        ("ConvNet, scratch", ("convnet", "scratch")),
        ("ConvNet, transfer", ("convnet", "transfer")),
        ("DanQ, scratch", ("danq", "scratch")),
        ("DanQ, transfer", ("danq", "transfer")),
    ]


# ---- plots ----

COLOUR = {"scratch": "#8a8a8a", "transfer": "#1f6fb4", "with": "#d9772b", "without": "#1f6fb4", "bar": "#1f6fb4"}


class Svg:
    def __init__(self, width, height, title):
        self.body = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#222">'
            f'<title>{title}</title><rect width="100%" height="100%" fill="#fff"/>'
        ]

    def line(self, x1, y1, x2, y2, colour="#bbb", width=1.0):
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self.body.append(f'<line {ends} stroke="{colour}" stroke-width="{width}"/>')

    def dot(self, x, y, colour):
        self.body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')

    def path(self, points, colour):
        if len(points) > 1:
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            self.body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.8" points="{corners}"/>')

    def text(self, x, y, s, anchor="middle", turn=0, bold=False):
        more = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        more += ' font-weight="bold"' if bold else ""
        s = str(s).replace("&", "&amp;").replace("<", "&lt;")
        self.body.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{s}</text>')

    def mark(self, x, stat, y_of, colour):
        """A point with its interval; nothing for no numbers."""
        if not stat.n:
            return
        if not math.isnan(stat.half):
            self.line(x, y_of(stat.low), x, y_of(stat.high), colour, 1.4)
        self.dot(x, y_of(stat.mean), colour)

    def save(self, path):
        with open(path, "w") as f:
            f.write("\n".join(self.body) + "\n</svg>\n")


def panel(svg, x0, y0, w, h, stats, title, metric, first):
    """Axes of a panel whose vertical range holds all stats; returns the function value -> y."""
    lows = [s.mean if math.isnan(s.half) else max(s.low, s.mean - 0.5) for s in stats if s.n] or [0]
    highs = [s.mean if math.isnan(s.half) else min(s.high, s.mean + 0.5) for s in stats if s.n] or [1]
    lo = math.floor(min(lows) * 10) / 10
    hi = max(math.ceil(max(highs) * 10) / 10, lo + 0.1)

    def y_of(v):
        return y0 + h - (min(max(v, lo), hi) - lo) / (hi - lo) * h
    k = lo
    step = 0.1 if hi - lo < 0.65 else 0.2
    while k <= hi + 1e-9:
        svg.line(x0, y_of(k), x0 + w, y_of(k), "#e4e4e4")
        svg.text(x0 - 4, y_of(k) + 4, f"{k:.1f}", "end")
        k += step
    svg.line(x0, y0, x0, y0 + h, "#444")
    svg.line(x0, y0 + h, x0 + w, y0 + h, "#444")
    if title:
        svg.text(x0 + w / 2, y0 - 8, title, bold=True)
    if first:
        svg.text(x0 - 32, y0 + h / 2, metric.upper(), turn=-90)
    return y_of


W, H, GAP, LEFT, TOP = 170, 150, 40, 60, 60


def legend(svg, entries):
    x = LEFT
    for text, colour in entries:
        svg.dot(x, 18, colour)
        svg.text(x + 8, 22, text, "start")
        x += 20 + 7 * len(text)


def plot_a(r, path):
    a = r.a
    title = "From scratch against transfer, by number of bound regions"
    svg = Svg(LEFT + len(a.tfs) * (W + GAP), TOP + 2 * (H + 30) + 50, title)
    legend(svg, [("from scratch", COLOUR["scratch"]),
                 ("transfer (the parent has not seen the TF)", COLOUR["transfer"])])
    sizes = sorted(a.sizes)
    span = math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else 1
    for c, tf in enumerate(a.tfs):
        for k, m in enumerate(METRICS):
            x0, y0 = LEFT + c * (W + GAP), TOP + k * (H + 30)
            stats = {(how, n): r.stat("others", tf, how, n, m) for how in ("scratch", "transfer") for n in sizes}
            y_of = panel(svg, x0, y0, W, H, list(stats.values()), tf if k == 0 else "", m, c == 0)
            for how, shift in (("scratch", -1.5), ("transfer", 1.5)):
                points = []
                for n in sizes:
                    x = x0 + 12 + (W - 24) * math.log(n / sizes[0]) / span + shift
                    s = stats[how, n]
                    svg.mark(x, s, y_of, COLOUR[how])
                    if s.n:
                        points.append((x, y_of(s.mean)))
                svg.path(points, COLOUR[how])
            for n in sizes:
                if k == 1:
                    svg.text(x0 + 12 + (W - 24) * math.log(n / sizes[0]) / span + 4, y0 + H + 12, n, "end", turn=-50)
            if k == 1:
                svg.text(x0 + W / 2, y0 + H + 48, "bound regions")
    svg.save(path)


def plot_b(r, path):
    a = r.a
    svg = Svg(LEFT + len(a.tfs) * (W + GAP), TOP + 2 * (H + 30) + 130, "Transfer from five TFs")
    legend(svg, [("target not among the parent's TFs", COLOUR["without"]),
                 ("among them", COLOUR["with"]),
                 ("from scratch", COLOUR["scratch"])])
    for c, tf in enumerate(a.tfs):
        for k, m in enumerate(METRICS):
            x0, y0 = LEFT + c * (W + GAP), TOP + k * (H + 30)
            stats = {(by, t): Stat(list(r.group(tf, by, t, m).values())) for by in a.by for t in TARGET}
            scratch = r.stat("others", tf, "scratch", a.size, m)
            y_of = panel(svg, x0, y0, W, H, [*stats.values(), scratch], tf if k == 0 else "", m, c == 0)
            if scratch.n:
                svg.line(x0, y_of(scratch.mean), x0 + W, y_of(scratch.mean), COLOUR["scratch"], 1.6)
            if not any(s.n for s in stats.values()):
                svg.text(x0 + W / 2, y0 + H / 2, "not run")
            for i, by in enumerate(a.by):
                x = x0 + (i + 0.5) * W / len(a.by)
                for t, shift in (("without", -4), ("with", 4)):
                    svg.mark(x + shift, stats[by, t], y_of, COLOUR[t])
                if k == 1:
                    svg.text(x + 4, y0 + H + 12, NAMES.get(by, by), "end", turn=-50)
    svg.save(path)


def plot_c(r, path):
    a = r.a
    svg = Svg(LEFT + len(a.tfs) * (W + GAP), TOP + 2 * (H + 30) + 130, "Frozen layers, multi-task model, DanQ")
    what = f"{a.size} bound regions, mean and 95 % interval over seeds (the multi-task model: one)"
    legend(svg, [(what, COLOUR["bar"])])
    kinds = bars(r)
    for c, tf in enumerate(a.tfs):
        for k, m in enumerate(METRICS):
            x0, y0 = LEFT + c * (W + GAP), TOP + k * (H + 30)
            stats = [r.bar(key, tf, m) for _, key in kinds]
            y_of = panel(svg, x0, y0, W, H, stats, tf if k == 0 else "", m, c == 0)
            for i, (label, key) in enumerate(kinds):
                x = x0 + (i + 0.5) * W / len(kinds)
                svg.mark(x, stats[i], y_of, COLOUR["scratch"] if key[1] == "scratch" else COLOUR["bar"])
                if k == 1:
                    svg.text(x + 4, y0 + H + 12, label.strip(), "end", turn=-50)
    svg.save(path)


def write_tables(r, folder):
    with open(os.path.join(folder, "runs.tsv"), "w") as f:
        f.write("parent\ttf\thow\tbound_regions\tseed\ttest_bound\tauroc\tauprc\tmcc\n")
        for k in sorted(r.runs):
            v = r.runs[k]
            measured = [f"{v[m]:.4f}" for m in ("auroc", "auprc", "mcc")]
            print(*k, f"{v['n_bound']:.0f}", *measured, sep="\t", file=f)
    groups = {}
    for (parent, tf, how, n, _), v in r.runs.items():
        groups.setdefault((parent, tf, how, n), []).append(v)
    with open(os.path.join(folder, "summary.tsv"), "w") as f:
        f.write("parent\ttf\thow\tbound_regions\tseeds\tmcc\tmcc_low\tmcc_high\tauprc\tauprc_low\tauprc_high\n")
        for k in sorted(groups):
            stats = [Stat([v[m] for v in groups[k]]) for m in METRICS]
            numbers = [x for s in stats for x in (s.mean, s.low, s.high)]
            print(*k, stats[0].n, *("." if math.isnan(x) else f"{x:.4f}" for x in numbers), sep="\t", file=f)


def put_into(path, text):
    with open(path) as f:
        old = f.read()
    if BEGIN not in old or END not in old:
        sys.exit(f"report.py: {path} has no marks to write between")
    with open(path, "w") as f:
        f.write(old[:old.index(BEGIN)] + BEGIN + "\n" + text + old[old.index(END):])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--scores", required=True)
    p.add_argument("--logs", default="models")
    for name in ("tfs", "by", "danq-tfs"):
        p.add_argument("--" + name, required=True, type=lambda s: s.split(","))
    p.add_argument("--sizes", required=True, type=lambda s: [int(x) for x in s.split(",")])
    for name in ("seeds", "size"):
        p.add_argument("--" + name, required=True, type=int)
    p.add_argument("--note", default="")
    p.add_argument("--readme")
    p.add_argument("-o", "--out", required=True)
    args = p.parse_args()
    os.makedirs(args.out, exist_ok=True)
    r = Results(args)
    if not r.runs:
        sys.exit(f"report.py: {args.scores} holds no results yet")
    write_tables(r, args.out)
    text = write_report(r)
    with open(os.path.join(args.out, "report.md"), "w") as f:
        f.write(text)
    for name, plot in (("a", plot_a), ("b", plot_b), ("c", plot_c)):
        plot(r, os.path.join(args.out, name + ".svg"))
    if args.readme:
        put_into(args.readme, text)


main()
