"""Write the corpus that the mutations start from: one small file a kind (run once, kept)."""

import json
import warnings

import numpy as np

from fascinet.model.formats import read
from tests.formats.support import gated
from tests.fuzz.targets import CORPUS, NETWORKS

DIALECTS = {
    "brackets.bif": "network n { }\nvariable a { type discrete [ 2 ] { [0,5), [5,10) }; }\n"
    "probability ( a ) { table 0.5, 0.5; }\n",
    "max.bif": "network z {}\nvariable b { type discrete[2] { no, yes }; }\n"
    "variable a { type discrete[2] { no, yes }; }\nprobability ( b ) { table .8 .2; }\n"
    "probability ( a | b ) { property function max; (no) 0.95, 0.05; (yes) 0.3, 0.7; }\n",
    "class.oobn": "class C\n{\n  inputs = ();\n  node a { states = (\"no\" \"yes\"); }\n"
    "  potential (a) { data = (1 3); }\n}\n",
    "old.xml": "<BIF><NETWORK><NAME>n</NAME><VARIABLE><NAME>a</NAME><TYPE>discrete</TYPE>"
    "<VALUE>x</VALUE><VALUE>y</VALUE></VARIABLE><PROBABILITY><FOR>a</FOR>"
    "<TABLE>0.2 0.8</TABLE></PROBABILITY></NETWORK></BIF>",
}  # fmt: skip
CASES = {
    "native.json": {"findings": {"weakness": "objective"}, "age": 62, "sex": "male",
                    "soft": {"emg": {"normal": 0.2, "isolated_fasciculations": 1}},
                    "exposures": {"caffeine": "present"}, "do": {"caffeine_excess": "no"}},
    "flat.json": {"weakness": "none", "atrophy": True, "setting": "primary_care"},
    "family.json": {"id": "f", "proband": {"subject": {"sex": "MALE"}, "phenotypicFeatures": [
        {"type": {"id": "HP:0002380"}}]}, "relatives": [{}], "pedigree": {"persons": []}},
    "one.json": {"id": "v1", "subject": {"sex": "MALE", "ageAtCollection": {"age": "P61Y"}},
                 "phenotypicFeatures": [{"type": {"id": "HP:0003202"}, "negated": True},
                                        {"type": {"id": "HP:0002380"},
                                         "ageOfOnset": {"age": "P60Y"},
                                         "severity": {"id": "HP:0012828", "label": "Severe"}}],
                 "metaData": {"phenopacketSchemaVersion": "1.0.0"}},
    "two.json": {"id": "v2", "subject": {"sex": 2, "dateOfBirth": "1960-01-01T00:00:00Z",
                 "timeAtLastEncounter": {"timestamp": "2020-01-01T00:00:00Z"}},
                 "phenotypicFeatures": [{"type": {"id": "HP:0002380"}, "description":
                                         "duration=P3M; site=both calves",
                                         "resolution": {"age": {"iso8601duration": "P70Y"}}}],
                 "measurements": [{"assay": {"id": "LOINC:2157-6"}, "value": {"quantity": {
                     "value": 5000, "referenceRange": {"low": 30, "high": 200}}}}],
                 "medicalActions": [{"treatment": {"agent": {"id": "x", "label": "y"}}}],
                 "metaData": {"phenopacketSchemaVersion": "2.0", "externalReferences": [
                     {"id": "exposure:caffeine", "reference": "present"}]}},
}  # fmt: skip
YAML = """id: p
subject: {id: p, sex: FEMALE}
phenotypicFeatures:
- type: {id: 'HP:0002380', label: Fasciculations}
- type: &a {id: HP:0003202}
  excluded: true
metaData: {phenopacketSchemaVersion: 2.0, created: 2021-01-01T00:00:00Z}
"""
TRUTH = (
    "case_id,primary_cause,other_accepted_causes,twitch_status\na,als,,yes\nb,other,als|dystonia,\n"
)
TABLES = {
    "cells.csv": "id,asia,smoke,xray\n1,yes,no,\n2,no,NaN,\"yes\"\n",
    "cells.tsv": "id\tasia\tsmoke\n1\tyes\tno\n2\t\tno\n",
    "semi.csv": "asia;smoke\nyes;no\n",
}  # fmt: skip


def main() -> None:
    """Write all of it anew."""
    for name in ("network", "evidence", "case", "truth", "table"):
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    small = [("cancer", read(NETWORKS / "cancer.bif.gz")), ("gated", gated())]
    for name, network in small:
        for suffix in (".bif", ".xmlbif", ".net", ".uai", ".xdsl", ".json", ".bif.gz"):
            network.save(CORPUS / "network" / f"{name}{suffix}")
    for name, text in DIALECTS.items():
        (CORPUS / "network" / name).write_text(text)
    (CORPUS / "evidence" / "two.evid").write_text("2 0 1 2 0\n")
    for name, data in CASES.items():
        (CORPUS / "case" / name).write_text(json.dumps(data, indent=1) + "\n")
    (CORPUS / "case" / "packet.yaml").write_text(YAML)
    (CORPUS / "truth" / "truth.csv").write_text(TRUTH)
    for name, text in TABLES.items():
        (CORPUS / "table" / name).write_text(text)
    frame().to_parquet(CORPUS / "table" / "cells.parquet")


def frame():
    """Return a small table of cases."""
    import pandas as pd

    return pd.DataFrame({"asia": ["yes", "no", None], "n": np.arange(3), "x": [0.5, None, 1.0]})


if __name__ == "__main__":
    main()
