"""The page of benchmarks: one table per file of results, each with what was measured."""

import csv
import json
from pathlib import Path
from typing import Any

from tools.docs_pages import table

ABOUT = {
    "marginals_small": ("All posteriors, small networks",
        "CPU time of a case, medians over cases, beside both exact algorithms of pyAgrum and, "
        "where it finishes in time, pgmpy. *First* is the first call with an evidence set, the "
        "compilation of its program included. The ratio is to the faster algorithm of pyAgrum. "
        "libDAI's figures (C++) are published ones for a machine of this class; not run here."),
    "marginals_large": ("All posteriors, large networks", "As above."),
    "shipped": ("The shipped network", "CPU time with the findings of one case."),
    "shipped_batch": ("Many cases of the shipped network",
        "Published cases of ten findings or more, a fifth of the findings left out at random, from "
        "DataFrame to DataFrame. pyAgrum is asked for the network with its gates as chains of "
        "small tables, which is beyond its memory for some cases (8 GiB; its rate is that of those "
        "which it answers, *x whole* the ratio to it), and for each case's tables as our own rules "
        "leave them, ready made (*ratio*). It is not asked for unobserved leaves in either. Drawn "
        "rows come from the network itself: the context and 15 leaves, others in each row."),
    "agreement": ("Agreement",
        "Largest absolute difference of any posterior from the given references (all cases) and "
        "from peers (two cases)."),
    "analyses": ("Analyses", "CPU time on the shipped network."),
    "batch": ("Many cases at once",
        "Rows of a table per CPU second, compared with a loop over pyAgrum. Rows are cases with "
        "findings left out at random, or drawn from the network (five variables seen in each). "
        "Equal rows are answered once where a case is expensive; *distinct* counts them."),
    "derivatives": ("All derivatives",
        "One reverse pass for every parameter, beside one pass for the posteriors."),
    "formats": ("Reading and writing files",
        "CPU time to read a file that we wrote, beside the readers of pyAgrum and pgmpy. A dash: "
        "there is no such reader, it takes the entries in another order, or it takes minutes."),
    "cold_start": ("Cold start", "New processes: the import, a query, a diagnosis."),
    "peak_memory": ("Memory", "Peak resident memory of a fresh process that answers one case."),
    "scaling": ("Scaling", "CPU time of all posteriors as networks grow."),
    "dashboard": ("Dashboard", "In headless Chromium, from click to picture."),
    "dashboard_load": ("Dashboard under load", "Many people at once on one server."),
}  # fmt: skip
UNITS = {"ms": "ms", "s": "s", "mib": "MiB", "mb": "MB", "percent": "%"}
LONGEST = 24


def benchmarks(folder: Path) -> str:
    """Return one section per result file (.csv or .json) under `folder`, known ones first."""
    order = list(ABOUT)
    paths = sorted(
        [*folder.rglob("*.csv"), *folder.rglob("*.json")],
        key=lambda p: (order.index(p.stem) if p.stem in order else len(order), p.stem),
    )
    return "\n\n".join(section(p) for p in paths) or "No results have been recorded yet."


def section(path: Path) -> str:
    """Return one result file with its heading and what it says."""
    title, said = ABOUT.get(path.stem, (path.stem.replace("_", " ").capitalize(), ""))
    parts = [f"## {title}", said, results(path)]
    return "\n\n".join(part for part in parts if part)


def results(path: Path) -> str:
    """Return a result file as tables."""
    if path.suffix == ".csv":
        with path.open(newline="") as stream:
            head, *rows = list(csv.reader(stream)) or [["empty"]]
        return table([label(h) for h in head], rows)
    return json_table(json.loads(path.read_text()))


def json_table(data: Any) -> str:
    """Return JSON as tables: a list of records as one, a record as a list of its values."""
    if isinstance(data, list) and data and all(isinstance(x, dict) for x in data):
        if len(data) > LONGEST:
            return f"{len(data)} records, in the file."
        head = list(dict.fromkeys(k for row in data for k in row))
        rows = [[cell(row.get(k)) for k in head] for row in data]
        return table([label(h) for h in head], rows)
    if isinstance(data, dict):
        flat = [(label(k), cell(x)) for k, x in data.items() if not isinstance(x, dict | list)]
        deep = [(k, x) for k, x in data.items() if isinstance(x, dict | list) and x]
        parts = [table(["measure", "value"], flat)] if flat else []
        return "\n\n".join([*parts, *(f"**{label(k)}**\n\n{json_table(x)}" for k, x in deep)])
    return "; ".join(map(str, data)) if isinstance(data, list) else str(data)


def label(key: str) -> str:
    """Return a key as words, its unit in brackets: ``warm_ms`` is "warm (ms)"."""
    if key == "x_libDAI_reported":
        return "ratio to libDAI (published, not run here)"
    *words, last = key.split("_")
    if words and last in UNITS:
        return f"{' '.join(words)} ({UNITS[last]})"
    return key.replace("_", " ")


def cell(x: Any) -> str:
    """Return a value as one reads it."""
    if x is None:
        return "–"
    if isinstance(x, dict):
        return ", ".join(f"{label(k)} {cell(y)}" for k, y in x.items())
    if isinstance(x, float):
        return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.3g}"
    return f"{x:,}" if isinstance(x, int) else str(x)
