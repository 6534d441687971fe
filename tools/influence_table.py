"""Write docs/influence.md: which figures carry the answers, and how much of that is sourced.

python -m tools.influence_table [--draws 100] [--seed 0]
"""

import argparse
from pathlib import Path

from fascinet.engine.clinic.figure_influence import figure_influence
from fascinet.engine.clinic.reasoner import shipped_reasoner
from fascinet.model.shipped import shipped_knowledge

OUT = Path(__file__).parents[1] / "docs" / "influence.md"
SHOWN = 100
HEAD = """# Which figures carry the answers

Written by `python -m tools.influence_table` (`fascinet info --influence` prints the same). A
figure's influence is how far the log odds of the leading causes move, in decibans, when it goes
from the lower to the upper end of its cited range, on average over {cases} simulated cases, as
many of each setting.

**{share:.0%} of the influence of all {figures:,} figures rests on a source**: {sourced} figures
cite one ({graded} of grade A or B), and {placed} say where in it they stand and what was read.

| | figure | influence (dB) | cumulative | source | grade | studies |
| --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = figure_influence(shipped_reasoner(), shipped_knowledge(), args.draws, args.seed)
    said = found.summary()
    text = HEAD.format(
        cases=said["cases"], share=said["sourced_share"], figures=said["figures"],
        sourced=said["with_a_source"], graded=said["grade_a_or_b"],
        placed=said["with_place_and_read"],
    )  # fmt: skip
    rows = zip(*found.columns().values(), strict=True)
    for i, (figure, db, share, source, grade, studies) in enumerate(rows, start=1):
        if i > SHOWN:
            break
        text += f"| {i} | `{figure}` | {db:.3f} | {share:.0%} | {source} | {grade} | {studies} |\n"
    OUT.write_text(text, encoding="utf-8")
    print(found.title())


if __name__ == "__main__":
    main()
