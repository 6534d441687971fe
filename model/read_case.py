"""Read a case from an object, a file, standard input, or a Phenopacket.

Native JSON has the keys `findings` (or `evidence`), `soft`, `age`, `sex`, `setting`, `do` and
`exposures`; a flat object of variable and state is accepted too. Phenopackets (JSON, YAML, or
protobuf messages) are parsed by `fascinet.model.phenopackets` and turned into evidence by ancestry
(`fascinet.model.hpo`).
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from fascinet.model.bounded import read_bytes, why
from fascinet.model.case import ASSUMED, Case, CaseRules, Unmapped, age_band
from fascinet.model.errors import CaseError, FormatError, OptionError, shown
from fascinet.model.hpo import COMPLAINT
from fascinet.model.measurements import results
from fascinet.model.packet_evidence import gather
from fascinet.model.packet_fields import DAYS
from fascinet.model.packet_kinds import one_person, parse_message, plain_message
from fascinet.model.phenopackets import Exposure, Packet, looks_like_packet, parse_packet
from fascinet.model.quantity import told_states

Source: TypeAlias = Mapping[str, Any] | str | Path | Case | Packet
SECTIONS = ("findings", "evidence", "soft", "do", "exposures")
PERSON = ("age", "sex", "setting", "id")
KEYS = (*SECTIONS, *PERSON)
YOUNGEST = 18
DEPTH_LIMIT = 64
LARGEST = 1e300
YAML_LINE = re.compile(rb"(?:\s*#[^\n]*\n|\s*---[ \t]*\n)*\s*[A-Za-z_][A-Za-z0-9_]*:\s")
YAML_SUFFIXES = (".yaml", ".yml")
MESSAGE_SUFFIXES = (".pb", ".protobuf")
SURROGATE = re.compile(r"[\ud800-\udfff]")
NESTED_LIMIT = 1_000_000
ACCEPTED = 'a dict, a path, "-", a Case or a Phenopacket'


def read_case(source: Source, rules: CaseRules, *, strict: bool = True) -> Case:
    """Read a case from an object, a file, "-" (standard input), or a Phenopacket.

    Parameters
    ----------
    source : mapping, path, "-", Case, Packet or protobuf message of a Phenopacket
        A file whose name ends in .yaml or .yml is YAML, in .pb a protobuf message, any other
        JSON. Of a Family the proband is read.
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
    data = load_case(source)
    left_out: tuple[str, ...] = ()
    if any(key not in rules.states for key in data):
        data, left_out = one_person(data)
    if left_out or looks_like_packet(data):
        case = packet_case(parse_packet(data), rules)
        return replace(case, warnings=(*left_out, *case.warnings))
    return native_case(data, rules)


def load_case(source: Any) -> Mapping[str, Any]:
    """Return the object that a source holds: itself, a message's, or a file's.

    Raises
    ------
    CaseError
    """
    source = plain_message(source)
    if isinstance(source, Mapping):
        return checked(source, "case")
    if isinstance(source, str | Path):
        return load_json(source)
    raise CaseError(f"case: expected {ACCEPTED}, got {type(source).__name__}")


def _nothing(case: Case) -> str:
    if not case.unmapped:
        return "empty case: no finding is given; expected findings, a Phenopacket, or -f NAME=STATE"
    told = [f"{u.label} ({u.code})" if u.label else u.code for u in case.unmapped[:4]]
    names = ", ".join(shown(name, 100).strip("'") for name in told)
    more = f" and {len(case.unmapped) - 4} more" if len(case.unmapped) > 4 else ""
    return f"nothing in this case is known to the network: {names}{more}"


def load_json(source: str | Path) -> Mapping[str, Any]:
    """Return the object in a JSON (or YAML, or protobuf) file, or on standard input for "-".

    Raises
    ------
    CaseError
        In one line, with the file's name.
    """
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        raise CaseError(
            f"case: expected {ACCEPTED}, got a JSON text of {len(source):,} characters; "
            "pass json.loads(text)"
        )
    name = "standard input" if str(source) == "-" else shown(str(source), 200).strip("'")
    suffix = Path(source).suffix.lower()
    try:
        raw = read_bytes(source)
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else str(error)
        raise CaseError(f"{name}: cannot be read: {reason}") from None
    if suffix in MESSAGE_SUFFIXES:
        return checked(parse_message(raw, name), name)
    piped = str(source) == "-" and YAML_LINE.match(raw) is not None
    return parse_case(raw, name, yaml=piped or suffix in YAML_SUFFIXES)


def parse_case(raw: bytes, name: str, *, yaml: bool = False) -> Mapping[str, Any]:
    """Return the object in the bytes of a JSON or YAML file; `name` is for messages.

    Raises
    ------
    CaseError
        In one line, with the name.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        kind = "YAML" if yaml else "JSON"
        raise CaseError(f"{name}: not a text file (expected {kind} in UTF-8)") from None
    if not text.strip():
        raise CaseError(f"{name}: empty, expected {'an' if yaml else 'a JSON'} object")
    data = _yaml(text, name) if yaml else _json(text, name)
    if not isinstance(data, Mapping):
        few = f" of {len(data)}: give one case" if isinstance(data, list) and data else ""
        if few and isinstance(data[0], Mapping):
            one_person(data[0])  # a list of what is no case is named as that
        kind = "an" if yaml else "a JSON"
        raise CaseError(f"{name}: expected {kind} object, got {type(data).__name__}{few}")
    return checked(data, name)


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except ValueError as error:
        raise CaseError(f"{name}: not JSON: {error}") from None
    except RecursionError:
        raise CaseError(f"{name}: JSON nested too deeply") from None


def _yaml(text: str, name: str) -> Any:
    from fascinet.model.yaml_text import YamlError, parse_yaml  # takes longer than a diagnosis

    try:
        return parse_yaml(text)
    except YamlError as error:
        line = f":{error.line}" if error.line else ""
        raise CaseError(f"{name}{line}: not YAML: {' '.join(str(error).split())}") from None


def checked(data: Mapping[Any, Any], name: str) -> Mapping[str, Any]:
    """Return the object if its keys are texts, all texts can be written, and it is not deep.

    Raises
    ------
    CaseError
    """
    level: list[Any] = [data]
    for _ in range(DEPTH_LIMIT):
        parts = [x for item in level if isinstance(item, Mapping) for x in (*item, *item.values())]
        parts += [x for item in level if isinstance(item, list | tuple) for x in item]
        if any(isinstance(x, str) and SURROGATE.search(x) for x in parts):
            raise CaseError(f"{name}: a text with half a character (a lone surrogate)")
        keys = (key for item in level if isinstance(item, Mapping) for key in item)
        odd = next((key for key in keys if not isinstance(key, str)), None)
        if odd is not None:
            raise CaseError(f"{name}: expected texts as keys, got {shown(odd)}")
        level = [x for x in parts if isinstance(x, Mapping | list | tuple)]
        if not level:
            return data
        if len(level) > NESTED_LIMIT:
            break
    raise CaseError(f"{name}: nested too deeply or too widely for a case")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that is given twice, with two values, is an error."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise CaseError(
                f"contradictory case: {shown(key)} is given as {shown(found[key])} "
                f"and as {shown(value)}"
            )
        found[key] = value
    return found


# -------------------------------------------------------------------- native


def native_case(data: Mapping[str, Any], rules: CaseRules) -> Case:
    """Return the case of a native object, flat or with its keys."""
    data = _structured(data)
    unknown = [key for key in data if key not in KEYS]
    if unknown:
        raise OptionError("key of a case", unknown[0], KEYS)
    case = Case(id=_id(data), setting=_optional_text(data, "setting"))
    case = _with_person(case, _number(data, "age"), _optional_text(data, "sex"), rules)
    case = _with_exposures(case, _native_exposures(data), rules)
    partly = dict[str, dict[str, float]]()
    for key in ("findings", "evidence"):
        given, notes = _measured(_object(data, key), rules, partly)
        case = case.with_evidence(_states(given, rules))
        case = replace(case, warnings=(*case.warnings, *notes))
    case = case.with_evidence({}, _states(_object(data, "do"), rules))
    return _with_complaint(replace(case, soft=partly | _soft(data, rules)), rules)


def _measured(
    given: Mapping[str, Any], rules: CaseRules, partly: dict[str, dict[str, float]]
) -> tuple[dict[str, Any], list[str]]:
    """Turn numbers and intervals into states; where several remain, add to `partly`, and say so."""
    left, notes = dict(given), list[str]()
    for told, value in given.items():
        name = rules.name(told)
        if name not in rules.states:
            continue
        try:
            found = told_states(value, rules.quantities.get(name), rules.states[name])
        except FormatError as error:
            raise CaseError(f"case: {name}: {error}") from None
        if found is None:
            continue
        states = [rules.states[name][k] for k in found]
        text = f"{name} {value}: {' or '.join(states)}"
        if len(states) == len(rules.states[name]):
            del left[told]
            notes.append(f"{text}: it says nothing")
        elif len(states) > 1:
            del left[told]
            partly[name] = {s: float(s in states) for s in rules.states[name]}
            notes.append(text)
        else:
            left[told] = states[0]
            notes.append(text)
    return left, notes


def _id(data: Mapping[str, Any]) -> str:
    value = data.get("id", "")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise CaseError(f"case: id: expected a text, got {shown(value)}")
    return value if isinstance(value, str) else shown(value)


def _structured(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object with its keys; a flat one holds findings, and perhaps the person."""
    if any(key in data for key in SECTIONS):
        return data
    person = {key: data[key] for key in PERSON if key in data}
    return {**person, "findings": {k: v for k, v in data.items() if k not in PERSON}}


def _optional_text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise CaseError(f"case: {key}: expected a text, got {shown(value)}")
    return value


def _number(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 130:
        raise CaseError(f"case: {key}: expected years between 0 and 130, got {shown(value)}")
    return float(value)


def _object(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise CaseError(
            f"case: {key}: expected an object of variable and state, got {shown(value)}"
        )
    return value or {}


def _states(told: Mapping[str, Any], rules: CaseRules) -> dict[str, str]:
    given = {rules.name(k): v for k, v in told.items() if v is not None}
    answers = {True: "yes", False: "no"}
    named = {k: answers[v] if isinstance(v, bool) else v for k, v in given.items()}
    for name, state in named.items():
        rules.check(name, state if isinstance(state, str) else shown(state))
    return named


def _soft(data: Mapping[str, Any], rules: CaseRules) -> dict[str, dict[str, float]]:
    soft: dict[str, dict[str, float]] = {}
    for told, given in _object(data, "soft").items():
        name = rules.check(rules.name(told))
        if not isinstance(given, Mapping) or not given:
            raise CaseError(f"case: soft: {name}: expected an object of state and likelihood")
        for state, value in given.items():
            rules.check(name, state)
            if not _is_likelihood(value):
                got = shown(value)
                raise CaseError(f"case: soft: {name}={state}: expected a number ≥ 0, got {got}")
        soft[name] = {state: float(given.get(state, 0.0)) for state in rules.states[name]}
    return soft


def _is_likelihood(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= LARGEST and math.isfinite(value)


def _native_exposures(data: Mapping[str, Any]) -> tuple[Exposure, ...]:
    given = _object(data, "exposures")
    wrong = [f"{shown(k)}: {shown(v)}" for k, v in given.items() if v not in ("present", "absent")]
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
    gaps = [Unmapped(f.code, f.label, reasons.get(f.code, ""), f.excluded) for f in found.unmapped]
    gaps += [Unmapped(u.code, u.label, u.reason) for u in packet.unused]
    case = _with_measurements(replace(case, unmapped=tuple(gaps)), packet, rules)
    age = None if packet.age_days is None else packet.age_days / DAYS["Y"]
    case = _with_person(case, age, packet.sex, rules, packet.age_until_days)
    return _with_complaint(_with_exposures(case, packet.exposures, rules), rules)


def _with_measurements(case: Case, packet: Packet, rules: CaseRules) -> Case:
    """Take the results of measurements; a feature that says otherwise is kept, with a warning."""
    found = results(
        packet.measurements, rules.measured, rules.states, rules.resting, rules.quantities
    )
    hard, soft, warnings = dict(case.hard), dict(case.soft), [*case.warnings, *found.warnings]
    for test, state in found.states.items():
        said = [hard[test]] if test in hard else [s for s, x in soft.get(test, {}).items() if x > 0]
        if said and state not in said:
            warnings.append(f"{test}: measured as {state}, kept {' or '.join(said)}")
            continue
        hard[test] = state
        soft.pop(test, None)
    gaps = (Unmapped(u.code, u.label, u.reason) for u in found.unused)
    return replace(
        case, hard=hard, soft=soft, unmapped=(*case.unmapped, *gaps), warnings=tuple(warnings)
    )


def _with_person(
    case: Case, age: float | None, sex: str | None, rules: CaseRules, until: float | None = None
) -> Case:
    """Return the case with age and sex; `until` is the end of a range of ages, in days."""
    hard, warnings = dict(case.hard), list(case.warnings)
    if sex is not None and "sex" in rules.states:
        rules.check("sex", sex)
        hard["sex"] = sex
    if age is not None and "age_group" in rules.states:
        bands = rules.states["age_group"]
        hard["age_group"] = age_band(age, bands)
        if until is not None and age_band(until / DAYS["Y"], bands) != hard["age_group"]:
            warnings.append(f"the age is a range: read as its start, {hard['age_group']}")
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
    place = case.setting
    if "setting" not in case.hard:
        place = hard.pop("setting", None) or place
    return replace(
        case, hard=hard, setting=place, exposures=exposures, unmapped=tuple(unmapped),
        warnings=tuple(warnings),
    )  # fmt: skip


def _with_complaint(case: Case, rules: CaseRules) -> Case:
    """Take twitching as present unless the case says otherwise: it is why the person comes."""
    known = {*case.hard, *case.soft, *case.do}
    if COMPLAINT in known or COMPLAINT not in rules.states:
        return case
    hard = dict(case.hard) | {COMPLAINT: "yes"}
    return replace(case, hard=hard, assumed=True, warnings=(*case.warnings, ASSUMED))
