"""What is handed over in place of a network, an engine, a case or names: typed errors."""

import gc
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fascinet as fn
from fascinet.engine.clinic import reasoner
from fascinet.model.errors import (
    CaseError,
    EvidenceError,
    FascinetError,
    FormatError,
    OptionError,
    SettingWarning,
)
from fascinet.model.gates import Table
from tests.formats.support import FOLDER

models = pytest.importorskip("pgmpy.models")
FINDINGS = {"weakness": "objective", "twitching": "yes"}
PLACES = ("general", "primary_care", "neuromuscular_clinic")


@pytest.fixture(scope="module")
def asia() -> fn.Engine:
    return fn.Engine(fn.load(FOLDER / "asia.bif.gz"))


def pgmpy_objects() -> dict[str, tuple[Any, str]]:
    arc = [("a", "b")]
    return {
        "LinearGaussianBayesianNetwork": (
            models.LinearGaussianBayesianNetwork(arc), "continuous variables",
        ),
        "DiscreteMarkovNetwork": (models.DiscreteMarkovNetwork(arc), "no directions"),
        "DynamicBayesianNetwork": (
            models.DynamicBayesianNetwork([(("a", 0), ("a", 1))]), "it is dynamic",
        ),
        "JunctionTree": (models.JunctionTree(), "no directions"),
        "MarkovChain": (models.MarkovChain(["a"], [2]), "no directions"),
    }  # fmt: skip


@pytest.mark.parametrize("name", pgmpy_objects())
def test_networks_of_pgmpy_that_are_not_supported_are_named(name: str) -> None:
    model, said = pgmpy_objects()[name]
    for take in (fn.Engine, fn.Network.from_pgmpy, fn.load):
        with pytest.raises(FormatError, match=f"got pgmpy {name}; .*{said}"):
            take(model)


def test_a_network_of_pgmpy_that_is_supported_says_how() -> None:
    model = models.DiscreteBayesianNetwork([("a", "b")])
    with pytest.raises(FormatError, match="from_pgmpy"):
        fn.Engine(model)
    with pytest.raises(FormatError, match="no table for 'a'"):
        fn.Network.from_pgmpy(model)


@pytest.mark.filterwarnings("ignore")  # as errors they crash pyAgrum's extension module
def test_objects_of_pyagrum_are_named() -> None:
    gum = pytest.importorskip("pyagrum")
    said = {
        "InfluenceDiagram": (gum.fastID("a->*b->$c"), "decisions and utilities"),
        "MarkovRandomField": (gum.fastMRF("a--b"), "no directions"),
        "CredalNet": (gum.CredalNet(gum.fastBN("a->b")), "intervals"),
        "BayesNet": (gum.fastBN("a->b"), "from_pyagrum"),
    }
    for name, (net, hint) in said.items():
        with pytest.raises(FormatError, match=f"{name}; .*{hint}"):
            fn.Engine(net)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("alarm.bif", r"fascinet.load\(path\)"), ({"a": []}, "fascinet.Network"), (None, "None"),
        ([1], "list"), (7, "int"),
    ],
)  # fmt: skip
def test_an_engine_takes_a_network(value: object, said: str, asia: fn.Engine) -> None:
    with pytest.raises(FormatError, match=said):
        fn.Engine(value)
    with pytest.raises(FormatError, match="pass its .network"):
        fn.Engine(asia)


@pytest.mark.parametrize("value", [7, [], {}, object()])
def test_load_takes_a_path(value: object) -> None:
    with pytest.raises(FormatError, match="path of a network file"):
        fn.load(value)


@pytest.mark.parametrize("case", [None, 5, [], b"", "", {}, {"weakness": None}, "no/such.json"])
def test_a_case_that_is_none(case: object) -> None:
    with pytest.raises(CaseError):
        fn.diagnose(case)


def test_a_diagnosis_takes_an_engine_of_its_own_network(asia: fn.Engine) -> None:
    with pytest.raises(CaseError, match="one of 'asia', which lacks"):
        fn.diagnose(FINDINGS, engine=asia)
    for wrong in ("asia", asia.network, 5):
        with pytest.raises(CaseError, match="expected an Engine"):
            fn.diagnose(FINDINGS, engine=wrong)
    for wrong in ("data", {}):
        with pytest.raises(CaseError, match="expected a Knowledge"):
            fn.diagnose(FINDINGS, knowledge=wrong)
    for wrong in (5, "a", [("a", "b")]):
        with pytest.raises(CaseError, match="do: expected a mapping"):
            fn.diagnose(FINDINGS, do=wrong)
    for wrong in ("", "ward", 5):
        with pytest.raises(OptionError, match="setting"):
            fn.diagnose(FINDINGS, setting=wrong)


@pytest.mark.parametrize("given", ["x", 5, ["dysp"], [("dysp", "yes")], {"dysp"}])
def test_evidence_is_a_mapping(given: object, asia: fn.Engine) -> None:
    for ask in (
        asia.posterior, asia.log_prob_evidence, asia.mpe, asia.derivatives,
        lambda e: asia.posterior(do=e), lambda e: asia.posterior(soft=e),
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match="expected a mapping"):
            ask(given)


@pytest.mark.parametrize("given", [5, [["lung"]]])
def test_targets_are_names(given: object, asia: fn.Engine) -> None:
    for ask in (
        lambda t: asia.posterior(targets=t), asia.map_query,
        lambda t: asia.posteriors(pd.DataFrame({"dysp": ["yes"]}), targets=t),
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match="targets: expected a list"):
            ask(given)


def test_one_name_stands_for_a_list_of_one(asia: fn.Engine) -> None:
    frame = pd.DataFrame({"dysp": ["yes"]})
    assert list(asia.posterior(targets="lung")) == ["lung"]
    assert list(asia.posteriors(frame, targets="lung")) == ["lung=yes", "lung=no"]
    assert asia.map_query({"dysp": "yes"}, targets="lung").assignment == {"lung": "no"}


def test_a_text_in_place_of_evidence_says_what_to_write(asia: fn.Engine) -> None:
    for ask in (asia.posterior, asia.conflict):
        with pytest.raises(EvidenceError, match=r"write \{'dysp': 'yes'\}"):
            ask("dysp=yes")


def test_an_example_by_name_says_what_to_call() -> None:
    with pytest.raises(FormatError, match=r"fascinet.example\('alarm'\)"):
        fn.Engine("alarm")


def test_hints_ignore_case() -> None:
    alarm = fn.Engine(fn.example("alarm"))
    with pytest.raises(fn.errors.UnknownVariableError, match="did you mean 'BP'?"):
        alarm.posterior({"bp": "LOW"})
    with pytest.raises(fn.errors.UnknownStateError, match="did you mean 'LOW'?"):
        alarm.posterior({"BP": "low"})


def test_numbers_and_truth_values_stand_for_the_states_that_spell_them(asia: fn.Engine) -> None:
    said = asia.posterior({"dysp": "yes", "smoke": "no"})
    for truth, lie in ((True, False), (np.True_, np.False_)):
        found = asia.posterior({"dysp": truth, "smoke": lie})
        assert found.flat.tolist() == said.flat.tolist()
        assert found.evidence == {"dysp": "yes", "smoke": "no"}
    table = np.array([0.2, 0.8])
    dice = fn.Engine(fn.Network({"a": ["1", "2"]}, {}, {"a": Table(table)}))
    assert dice.posterior({"a": 1})["a"]["1"] == 1.0
    assert dice.posterior({"a": np.int64(2)})["a"]["2"] == 1.0
    for wrong in (3, 1.5, None, []):
        with pytest.raises(fn.errors.UnknownStateError, match="state of 'a'"):
            dice.posterior({"a": wrong})


def test_a_budget_is_a_number(asia: fn.Engine) -> None:
    for wrong in ("much", None, True):
        with pytest.raises(FascinetError, match="budget"):
            fn.Engine(asia.network, budget=wrong)


# ------------------------------------------------------------------ the setting


@pytest.mark.parametrize("setting", PLACES)
def test_diagnose_and_posterior_agree_in_a_setting(setting: str) -> None:
    """One truth: by name, as evidence, and as diagnose says it."""
    found = fn.diagnose(FINDINGS, setting=setting)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        there = fn.Engine(fn.load(setting=setting)).posterior(FINDINGS)
        given = fn.Engine(fn.load()).posterior({**FINDINGS, "setting": setting})
    for entry in found.differential:
        rest = fn.load().states(entry.cause)[0]
        assert 1 - there[entry.cause][rest] == pytest.approx(entry.posterior, abs=1e-9)
        assert 1 - given[entry.cause][rest] == pytest.approx(entry.posterior, abs=1e-9)


def test_an_answer_averaged_over_settings_warns() -> None:
    engine = fn.Engine(fn.load())
    frame = pd.DataFrame({"weakness": ["objective"]})
    asks = (
        lambda: engine.posterior(FINDINGS), lambda: engine.posterior(),
        lambda: engine.posterior(FINDINGS, targets=["als"]),
        lambda: engine.posterior(soft={"als": [1.0, 0.5]}),
        lambda: engine.posteriors(frame, targets=["als"]),
        lambda: engine.map_query(["als"], FINDINGS),
    )  # fmt: skip
    for ask in asks:
        with pytest.warns(SettingWarning, match="setting is not given") as said:
            ask()
        assert said[0].filename == __file__


def test_no_warning_where_the_setting_is_known_or_there_is_none(asia: fn.Engine) -> None:
    engine = fn.Engine(fn.load())
    likely = {"setting": {s: 1.0 for s in PLACES}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engine.posterior({**FINDINGS, "setting": "general"}).to_frame()
        engine.posterior(FINDINGS, do={"setting": "general"})
        engine.posterior(FINDINGS, soft=likely)
        engine.posteriors(pd.DataFrame({"setting": ["general"]}), targets=["als"])
        engine.prior()
        asia.posterior({"dysp": "yes"})
        fn.diagnose(FINDINGS)


def test_a_setting_that_is_unknown() -> None:
    with pytest.raises(OptionError, match="setting"):
        fn.load(setting="ward")
    with pytest.raises(OptionError, match="setting"):
        fn.load(FOLDER / "asia.bif.gz", setting="general")


# ------------------------------------------------------------------ reasoners


def test_a_reasoner_is_never_another_knowledge_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects that die leave their addresses to the next ones; their reasoners do not pass on."""
    monkeypatch.setattr(
        reasoner, "_make", lambda knowledge, engine: SimpleNamespace(of=knowledge.number)
    )
    gc.collect()
    gc.freeze()  # what other tests left need not be looked through each time
    rng = np.random.default_rng(0)
    for number in range(200):
        knowledge: Any = SimpleNamespace(number=number)
        assert reasoner.reasoner_for(knowledge).of == number  # type: ignore[attr-defined]
        assert reasoner.reasoner_for(knowledge).of == number  # type: ignore[attr-defined]
        del knowledge
        if rng.random() < 0.2:
            gc.collect()
    gc.unfreeze()
    reasoner._kept.clear()


def test_a_reasoner_is_kept_for_the_same_knowledge(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(reasoner, "_make", lambda k, e: made.append(k) or SimpleNamespace())
    knowledge: Any = SimpleNamespace()
    assert reasoner.reasoner_for(knowledge) is reasoner.reasoner_for(knowledge)
    assert len(made) == 1
    reasoner._kept.clear()
