"""Small files that once stopped the machine, each read under a limit of memory.

`python -m tests.fuzz.bombs FOLDER` writes them into the folder, reads each, and prints a line of
JSON a file: name, seconds of the processor, what was raised.
"""

import gzip
import json
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fascinet.engine.clinic.evaluate import read_truth
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.errors import FascinetError
from fascinet.model.find import find
from fascinet.model.formats import read
from fascinet.model.free_text import propose
from fascinet.model.load import shipped_folder
from fascinet.model.validate import check

MEMORY = 3 * 2**30
HEAD = "network n { } variable x { type discrete[2] { a, b }; "


def defaults() -> str:
    """Return a network whose tables are asked for by default rows alone."""
    variables = "".join(f"variable v{k} {{ type discrete[2] {{ a, b }}; }}\n" for k in range(60))
    parents = ",".join(f"v{k}" for k in range(23))
    rows = "".join(
        f"probability ( v{k} | {parents} ) {{ default .5 .5; }}\n" for k in range(23, 60)
    )
    return f"network n {{ }}\n{variables}{rows}"


def networks() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of network files."""
    yield "quotes.bif", b'"\\' * 20_000
    yield "property.bif", HEAD.encode() + b"property " + b'"\\' * 20_000
    yield "comments.bif", b"/*" * 200_000 + b"x"
    yield "types.bif", b"discrete[2]{[" * 40_000
    yield "defaults.bif", defaults().encode()
    yield "quotes.net", b'net { } node a { states = ("' + b'"\\' * 20_000
    yield "brackets.net", b"net { } node a { states = " + b"(" * 400_000
    yield "states.uai", b"BAYES\n2000\n" + b"900000 " * 2000
    yield "variables.uai", b"BAYES\n999999\n2 2\n"
    yield "elements.xdsl", b"<smile><nodes>" + b"<a/>" * 1_400_000
    yield "mixed.xdsl", b"<smile>" + b"x<a/>" * 600_000
    yield "entities.xmlbif", b"<BIF>" + b"&amp;" * 1_000_000
    yield "deep.xdsl", b"<a>" * 100_000
    yield "deep.json", b"[" * 3_000_000
    yield "digits.json", b'{"format": "fascinet-network", "x": ' + b"9" * 100_000 + b"}"
    yield "text.bif.gz", gzip.compress(b"0 " * 130_000_000, 1)
    yield "numbers.uai.gz", gzip.compress(b"BAYES 1 1 1 1 0 " + b"10 " * 11_000_000, 1)
    yield "tokens.bif.gz", gzip.compress(b"network a { } " + b"10 " * 11_000_000, 1)
    yield "tokens.net.gz", gzip.compress(b"net { } node a { states = (" + b"10 " * 11_000_000, 1)


def cases() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of case files."""
    terms = [{"type": {"id": "HP:0003202", "label": "x"}, "excluded": True}] * 8000
    yield "features.json", json.dumps({"phenotypicFeatures": terms, "subject": {}}).encode()
    yield "name.json", json.dumps({"findings": {"x" * 450_000: "yes"}}).encode()
    yield "words.json", json.dumps({"findings": {"-1" * 200_000: "yes"}}).encode()
    yield "deep.json", b'{"a":' * 100_000
    yield "deep.yaml", b"a: " + b"[" * 100_000
    yield "aliases.yaml", laughs()


def laughs() -> bytes:
    """Return YAML whose aliases stand for ten to the power of nine values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
    return "\n".join(lines).encode()


def knowledge() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of files of the knowledge base."""
    yield "findings.yaml", b"a: " + b"[" * 100_000
    yield "tests.yaml", b"{" * 100_000
    yield "risks.yaml", laughs()
    yield "sources.bib", b"@misc{a,\n" * 20_000
    yield "sources.bib", b"@misc{a, title = {" * 10_000


def texts() -> Iterator[tuple[str, str]]:
    """Yield name and content of descriptions of a case in words."""
    yield "clauses", "no. " * 250_000
    yield "findings", "muscle pain, " * 80_000
    yield "words", "a " * 500_000


def judged(work: object, name: str, *arguments: object) -> None:
    """Print name, seconds and what was raised."""
    start = time.process_time()
    try:
        work(*arguments)  # type: ignore[operator]
        said = "read"
    except FascinetError as error:
        said = "ours" if "\n" not in str(error) and len(str(error)) < 2000 else "long message"
    except BaseException as error:
        said = f"{type(error).__name__}: {str(error)[:100]}"
    print(json.dumps([name, round(time.process_time() - start, 2), said]), flush=True)


def main(folder: Path) -> None:
    """Read all of them."""
    reasoner = shipped_reasoner()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name, data in networks():
        (folder / name).write_bytes(data)
        judged(read, name, folder / name)
    for name, data in cases():
        (folder / name).write_bytes(data)
        judged(reasoner.read, f"case {name}", folder / name)
    for device in ("/dev/zero", "/dev/null"):
        judged(reasoner.read, device, device)
        judged(read_truth, f"truth {device}", Path(device))
    for name, text in texts():
        judged(propose, f"text {name}", text)
    judged(find, "find words", "-1" * 200_000)
    ignored = shutil.ignore_patterns("cases", "*.py", "__pycache__")
    for number, (name, data) in enumerate(knowledge()):
        base = folder / f"knowledge{number}"
        shutil.copytree(shipped_folder(), base, ignore=ignored)
        (base / name).write_bytes(data)
        judged(check, f"knowledge {name}", base)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
