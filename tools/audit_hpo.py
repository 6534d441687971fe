"""Write data/hpo_audit.csv: a verdict on every HPO term that sets a finding.

The terms' names and places in the ontology were read one by one against the findings. `JUDGED`
holds what that reading found for terms that are not simply the finding or a kind of it; all others
are decided by the ontology: the anchor itself says the same, a term below a defining anchor is a
kind of it, a hint shows it. Run `python -m tools.audit_hpo` after `python -m tools.map_hpo`; a new
doubtful term is one line in `JUDGED`, and a wrong one goes to `hpo_unmapped.csv` or gets an anchor
of its own.
"""

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
COLUMNS = ("code", "label", "finding", "state", "anchor", "verdict", "why")
SAME = ("same", "the anchor itself")
KIND = ("kind", "a kind of the anchor")
SHOWS = ("shows", "shows the finding; its absence does not exclude it")
Row = tuple[str, str, str, str, str, str, str]

# (finding, term or anchor): what the reading found
JUDGED: Mapping[tuple[str, str], str] = {
    ("ncs", "HP:0009830"): "a diagnosis, taken for its test result",
    ("tsh", "HP:0000836"): "a diagnosis, taken for its test result",
    ("tsh", "HP:0000821"): "a diagnosis, taken for its test result",
    ("pth", "HP:0000829"): "a diagnosis, taken for its test result",
    ("mri", "HP:0003416"): "a diagnosis made by imaging",
    ("mri", "HP:0008441"): "a diagnosis made by imaging",
    ("mri", "HP:0002176"): "a diagnosis made by imaging",
    ("mri", "HP:0002196"): "a diagnosis: compression of the cord or a lesion within it",
    ("mri", "HP:0002318"): "a diagnosis: compression of the cord at the neck",
    ("mri", "HP:0006411"): "a diagnosis made by imaging",
    ("mri", "HP:0007052"): "also small-vessel disease; read as demyelination among these causes",
    ("poor_diet", "HP:0004396"): "eats little, so the diet is poor; a hint only",
    ("mood_disorder", "HP:0100753"): "one illness of those meant",
    ("mood_psychiatric", "HP:0032509"): "one symptom of those meant",
    ("autoimmune_endocrine", "HP:0001045"): "goes with autoimmune gland disease; a hint only",
    ("autoimmune_endocrine", "HP:0001596"): "goes with autoimmune gland disease; a hint only",
    ("hba1c", "HP:0003074"): "glucose stands for HbA1c in this test",
    ("ck", "HP:0025435"): "another muscle enzyme; also from liver and blood",
    ("tongue_signs", "HP:0000221"): "a furrow may be harmless",
    ("weakness", "HP:0025406"): "told, not measured: any state but none",
    ("numbness_tingling", "HP:0033748"): "loss of feeling; also set as sensory loss",
    ("hearing_or_optic", "HP:0000365"): "conductive loss is included and weighs little",
    ("eye_movement", "HP:0000496"): "wide; squint is kept out",
    ("visual", "HP:0007663"): "any cause of poor sight",
    ("joint_symptoms", "HP:0001369"): "any arthritis",
    ("arrhythmia_qt", "HP:0011675"): "any arrhythmia",
    ("insomnia", "HP:0002360"): "wide; sleepiness is kept out",
    ("cognitive_decline", "HP:0100543"): "includes poor attention",
    ("task_specific", "HP:0002356"): "in writing; also a limb dystonia",
    ("tonic_spasms", "HP:0002268"): "attacks of posture, brief ones also called tonic spasms",
    ("soreness", "HP:0003326"): "muscle pain without mention of use",
    ("pain", "HP:0012531"): "wide; pain of belly, chest and pelvis is kept out",
    ("kidney_disease", "HP:0000083"): "acute failure is a finding of its own",
    ("cholinergic_signs", "HP:0000616"): "one sign of those meant; opioids make it too",
    ("cholinergic_signs", "HP:0003781"): "one sign of those meant; also from poor swallowing",
    ("progressive_course", "HP:0003323"): "worsening weakness; also set as weakness",
    ("ptosis", "HP:0000508"): "congenital ptosis is included",
    ("albright_features", "HP:0004322"): "one feature of those meant, common by itself",
    ("urine_wasting", "HP:0000787"): "a stone hints at loss of calcium",
    ("urine_wasting", "HP:0012405"): "goes with stones",
    ("bladder", "HP:0000009"): "wide; reflux is kept out",
    ("confusion", "HP:0002329"): "drowsy, not yet confused",
}  # fmt: skip


def judge(finding: str, code: str, anchor: str, relation: str) -> tuple[str, str]:
    """Return verdict and reason for one row of the map."""
    for term in (code, anchor):
        if why := JUDGED.get((finding, term)):
            return ("accepted" if term == code else "kind"), why
    if relation == "hint":
        return SHOWS
    return SAME if code == anchor else KIND


def audit(mapped: Path) -> Iterator[Row]:
    """Yield one row for every term and finding of the map."""
    with mapped.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(line for line in lines if not line.startswith("#")):
            if row["relation"] != "isa":
                told = judge(row["finding"], row["code"], row["anchor"], row["relation"])
                kept = (row[key] for key in ("code", "label", "finding", "state", "anchor"))
                yield (*kept, *told)  # type: ignore[misc]  # five texts and two


def main() -> None:
    """Write the shipped table."""
    rows = sorted(audit(ROOT / "data" / "hpo_map.csv"))
    with (ROOT / "data" / "hpo_audit.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    print(f"{len(rows)} terms judged", file=sys.stderr)


if __name__ == "__main__":
    main()
