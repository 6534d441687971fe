"""Read a case from an object, a file, standard input, or a Phenopacket.

Native JSON has the keys `findings` (or `evidence`), `soft`, `age`, `sex`, `setting`, `do` and
`exposures`; a flat object of variable and state is accepted too. Phenopackets are parsed by
`fascinet.model.phenopackets` and turned into evidence by ancestry (`fascinet.model.hpo`).
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from fascinet.model.case import Case, CaseRules, Unmapped, age_band
from fascinet.model.errors import CaseError, OptionError
from fascinet.model.hpo import COMPLAINT
from fascinet.model.packet_evidence import gather
from fascinet.model.phenopackets import DAYS, Exposure, Packet, looks_like_packet, parse_packet

Source: TypeAlias = Mapping[str, Any] | str | Path | Case | Packet
SECTIONS = ("findings", "evidence", "soft", "do", "exposures")
PERSON = ("age", "sex", "setting", "id")
KEYS = (*SECTIONS, *PERSON)
YOUNGEST = 18


def read_case(source: Source, rules: CaseRules, *, strict: bool = True) -> Case:
    """Read a case from an object, a file, "-" (standard input), or a Phenopacket.

    Parameters
    ----------
    source : mapping, path, "-", Case or Packet
    rules : CaseRules
    strict : bool
        Refuse a case that says nothing the network knows.

    Raises
    ------
    CaseError
        If it cannot be read, contradicts itself, or says nothing the network knows.
    UnknownVariableError, UnknownStateError
        With the nearest valid name.
    """
    if isinstance(source, Case):
        return source
    case = _read(source, rules)
    if strict and not case.says_something:
        raise CaseError(_nothing(case))
    return case


def _read(source: Any, rules: CaseRules) -> Case:
    if isinstance(source, Packet):
        return packet_case(source, rules)
    data = source if isinstance(source, Mapping) else load_json(source)
    if looks_like_packet(data):
        return packet_case(parse_packet(data), rules)
    return native_case(data, rules)


def _nothing(case: Case) -> str:
    if not case.unmapped:
        return "empty case: no finding is given; expected findings, a Phenopacket, or -f NAME=STATE"
    names = ", ".join(f"{u.label} ({u.code})" if u.label else u.code for u in case.unmapped[:4])
    more = f" and {len(case.unmapped) - 4} more" if len(case.unmapped) > 4 else ""
    return f"nothing in this case is known to the network: {names}{more}"


def load_json(source: str | Path) -> Mapping[str, Any]:
    """Return the JSON object in a file, or on standard input for "-"."""
    name = "standard input" if str(source) == "-" else str(source)
    text = _text(source, name)
    if not text.strip():
        raise CaseError(f"{name}: empty, expected a JSON object")
    try:
        data = json.loads(text, object_pairs_hook=_without_twins)
    except ValueError as error:
        raise CaseError(f"{name}: not JSON: {error}") from None
    except RecursionError:
        raise CaseError(f"{name}: JSON nested too deeply") from None
    if not isinstance(data, Mapping):
        raise CaseError(f"{name}: expected a JSON object, got {type(data).__name__}")
    return data


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that is given twice, with two values, is an error."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise CaseError(
                f"contradictory case: {key!r} is given as {found[key]!r} and as {value!r}"
            )
        found[key] = value
    return found


def _text(source: str | Path, name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(source) == "-" else Path(source).read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CaseError(f"{name}: not a text file (expected JSON in UTF-8)") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CaseError(f"{name}: cannot be read: {reason}") from None


# -------------------------------------------------------------------- native


def native_case(data: Mapping[str, Any], rules: CaseRules) -> Case:
    """Return the case of a native object, flat or with its keys."""
    data = _structured(data)
    unknown = [key for key in data if key not in KEYS]
    if unknown:
        raise OptionError("key of a case", unknown[0], KEYS)
    case = Case(id=str(data.get("id", "")), setting=_optional_text(data, "setting"))
    case = _with_person(case, _number(data, "age"), _optional_text(data, "sex"), rules)
    case = _with_exposures(case, _native_exposures(data), rules)
    for key in ("findings", "evidence"):
        case = case.with_evidence(_states(data, key, rules))
    case = case.with_evidence({}, _states(data, "do", rules))
    return _with_complaint(replace(case, soft=_soft(data, rules)), rules)


def _structured(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object with its keys; a flat one holds findings, and perhaps the person."""
    if any(key in data for key in SECTIONS):
        return data
    person = {key: data[key] for key in PERSON if key in data}
    return {**person, "findings": {k: v for k, v in data.items() if k not in PERSON}}


def _optional_text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise CaseError(f"case: {key}: expected a text, got {value!r}")
    return value


def _number(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 130:
        raise CaseError(f"case: {key}: expected years between 0 and 130, got {value!r}")
    return float(value)


def _object(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise CaseError(f"case: {key}: expected an object of variable and state, got {value!r}")
    return value or {}


def _states(data: Mapping[str, Any], key: str, rules: CaseRules) -> dict[str, str]:
    given = {rules.name(k): v for k, v in _object(data, key).items() if v is not None}
    answers = {True: "yes", False: "no"}
    named = {k: answers[v] if isinstance(v, bool) else v for k, v in given.items()}
    for name, state in named.items():
        rules.check(name, state if isinstance(state, str) else repr(state))
    return named


def _soft(data: Mapping[str, Any], rules: CaseRules) -> dict[str, dict[str, float]]:
    soft: dict[str, dict[str, float]] = {}
    for told, given in _object(data, "soft").items():
        name = rules.check(rules.name(told))
        if not isinstance(given, Mapping) or not given:
            raise CaseError(f"case: soft: {name}: expected an object of state and likelihood")
        for state, value in given.items():
            rules.check(name, state)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise CaseError(f"case: soft: {name}={state}: expected a number ≥ 0, got {value!r}")
        soft[name] = {state: float(given.get(state, 0.0)) for state in rules.states[name]}
    return soft


def _native_exposures(data: Mapping[str, Any]) -> tuple[Exposure, ...]:
    given = _object(data, "exposures")
    wrong = [f"{k}: {v!r}" for k, v in given.items() if v not in ("present", "absent")]
    if wrong:
        raise CaseError(f"case: exposures: expected 'present' or 'absent', got {wrong[0]}")
    return tuple(Exposure(name, value == "present") for name, value in given.items())


# -------------------------------------------------------------------- packets


def packet_case(packet: Packet, rules: CaseRules) -> Case:
    """Return the case that a Phenopacket tells.

    An observed term beats an excluded one for the same finding, with a warning; a term observed
    below an excluded one contradicts it and is an error.
    """
    found = gather(
        packet.features, rules.states, rules.resting, rules.ordered, rules.hpo, packet.age_days
    )
    case = Case(found.hard, found.soft, id=packet.id, warnings=found.warnings)
    reasons = rules.hpo.unmapped
    gaps = (Unmapped(f.code, f.label, reasons.get(f.code, ""), f.excluded) for f in found.unmapped)
    case = replace(case, unmapped=tuple(gaps))
    age = None if packet.age_days is None else packet.age_days / DAYS["Y"]
    case = _with_person(case, age, packet.sex, rules)
    return _with_complaint(_with_exposures(case, packet.exposures, rules), rules)


def _with_person(case: Case, age: float | None, sex: str | None, rules: CaseRules) -> Case:
    hard, warnings = dict(case.hard), list(case.warnings)
    if sex is not None and "sex" in rules.states:
        rules.check("sex", sex)
        hard["sex"] = sex
    if age is not None and "age_group" in rules.states:
        hard["age_group"] = age_band(age, rules.states["age_group"])
        if age < YOUNGEST:
            band = hard["age_group"]
            warnings.append(f"age {age:.0f}: the network is for adults; read as {band}")
    return replace(case, age=age, sex=sex, hard=hard, warnings=tuple(warnings))


def _with_exposures(case: Case, exposures: tuple[Exposure, ...], rules: CaseRules) -> Case:
    hard, unmapped, warnings = dict(case.hard), list(case.unmapped), list(case.warnings)
    for exposure in exposures:
        evidence = rules.exposures.get(exposure.name, {}).get(exposure.present, {})
        if not evidence:
            reason = rules.exposure_reasons.get(exposure.name, "no variable for it")
            unmapped.append(Unmapped(f"exposure:{exposure.name}", exposure.description, reason))
        for name, state in evidence.items():
            old = hard.get(name, state)
            if old != state:
                warnings.append(f"exposure {exposure.name} says {name}={state}, kept {old}")
            hard.setdefault(name, state)
    return replace(
        case, hard=hard, exposures=exposures, unmapped=tuple(unmapped), warnings=tuple(warnings)
    )


def _with_complaint(case: Case, rules: CaseRules) -> Case:
    """Take twitching as present unless the case says otherwise: it is why the person comes."""
    known = {*case.hard, *case.soft, *case.do}
    if COMPLAINT in known or COMPLAINT not in rules.states:
        return case
    return replace(case, hard=dict(case.hard) | {COMPLAINT: "yes"})
