"""Read the words of a finding's description: how long, and over how many body regions.

Words are matched whole, in lower case. A region named without breadth counts as a focal limb,
a small part (eyelid, thumb, one named muscle) as a single site, two regions as widespread.
"""

import re
from collections.abc import Iterable

from fascinet.model.packet_fields import DAYS

WEEKS_FROM = 14.0
MONTHS_FROM = 3 * DAYS["M"]
YEARS_FROM = 2 * DAYS["Y"]
REGIONS: dict[str, frozenset[str]] = {
    "head": frozenset(
        "eyelid eyelids lid lids eye eyes face facial perioral lip lips chin cheek jaw tongue "
        "bulbar lingual orbicularis scalp".split()
    ),
    "arm": frozenset(
        "arm arms hand hands forearm forearms finger fingers thumb elbow shoulder shoulders "
        "biceps triceps deltoid wrist thenar interosseous upper-limb".split()
    ),
    "leg": frozenset(
        "leg legs thigh thighs calf calves foot feet toe toes ankle knee quadriceps hamstring "
        "gastrocnemius peroneus buttock lower-limb".split()
    ),
    "trunk": frozenset("trunk abdomen abdominal chest back flank torso paraspinal neck".split()),
}
SMALL = frozenset(
    "eyelid eyelids lid lids lip chin thumb finger toe biceps triceps deltoid orbicularis thenar "
    "interosseous quadriceps gastrocnemius peroneus buttock".split()
)
EVERYWHERE = frozenset(
    "generalised generalized generalisation widespread diffuse diffusely everywhere whole "
    "multifocal extremities limbs all".split()
)
SIDES = frozenset(("both", "bilateral", "bilaterally"))
MOUTH = frozenset("perioral mouth lips lip circumoral".split())
TWITCH_SITES: dict[str, frozenset[str]] = {
    "twitch_face": frozenset("face facial cheek chin lip lips perioral".split()),
    "twitch_hand": frozenset("hand hands thumb thumbs finger fingers thenar interosseous".split()),
    "twitch_arm": frozenset(
        "arm arms forearm elbow shoulder shoulders biceps triceps deltoid upper-limb".split()
    ),
    "twitch_trunk": REGIONS["trunk"] - {"neck"},
    "twitch_thigh": frozenset("thigh thighs quadriceps hamstring".split()),
    "twitch_calf": frozenset("calf calves gastrocnemius".split()),
    "twitch_foot": frozenset("foot feet toe toes".split()),
}
LIDS = frozenset(("eyelid", "eyelids", "lid", "lids"))
DISTAL = frozenset("hands feet toes fingers soles stocking glove distal extremities".split())


def words(texts: Iterable[str]) -> frozenset[str]:
    """Return the lower-case words of all texts; "upper limb" counts as one word.

    >>> sorted(words(["Left upper limb, then legs"]))
    ['left', 'legs', 'then', 'upper-limb']
    """
    joined = " ".join(texts).lower()
    joined = re.sub(r"\b(upper|lower) limbs?\b", r"\1-limb", joined)
    return frozenset(re.findall(r"[a-z]+(?:-limb)?", joined))


def duration_state(days: float) -> str:
    """Return the state of a duration: below a day, two weeks, three months, two years, longer.

    >>> [duration_state(d) for d in (0.2, 3, 14, 91, 365, 1000)]
    ['hours', 'days', 'weeks', 'weeks', 'months', 'years']
    """
    if days < WEEKS_FROM:
        return "hours" if days < 1.0 else "days"
    if days <= MONTHS_FROM:
        return "weeks"
    return "months" if days < YEARS_FROM else "years"


def spread_states(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the spread that the site allows; empty when it says nothing.

    >>> spread_states(["both calves, then diffuse including face"])
    ('widespread',)
    >>> spread_states(["left upper lid"]), spread_states(["left forearm"])
    (('single_site',), ('focal_limb',))
    >>> spread_states(["both thighs"]), spread_states(["for a week"])
    (('focal_limb', 'widespread'), ())
    """
    said = words(texts)
    regions = [name for name, names in REGIONS.items() if said & names]
    if said & EVERYWHERE or len(regions) > 1:
        return ("widespread",)
    if not regions:
        return ()
    if regions == ["head"]:
        return ("single_site",) if said & SMALL else ("single_site", "focal_limb")
    if said & SIDES:
        return ("focal_limb", "widespread")
    return ("single_site", "focal_limb") if said & SMALL else ("focal_limb",)


def says_eyelid(texts: Iterable[str]) -> bool:
    """Tell whether an eyelid is named."""
    return bool(words(texts) & LIDS)


def twitch_sites(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the findings of the sites that are named.

    >>> twitch_sites(["both calves, then diffuse including face"])
    ('twitch_face', 'twitch_calf')
    """
    said = words(texts)
    return tuple(name for name, names in TWITCH_SITES.items() if said & names)


def says_mouth(text: str) -> bool:
    """Tell whether the skin around the mouth is named."""
    return bool(words([text]) & MOUTH)


def one_sided(texts: Iterable[str]) -> bool:
    """Tell whether all places that are named lie on one side.

    >>> one_sided(["left arm", "left"]), one_sided(["left arm", "right leg"]), one_sided([""])
    (True, False, False)
    """
    said = words(texts)
    return len(said & {"left", "right"}) == 1 and not said & SIDES


def sensory_states(texts: Iterable[str]) -> tuple[str, ...]:
    """Return where altered feeling lies: both ends of the limbs is distal, one place is focal.

    >>> sensory_states(["hands and feet"]), sensory_states(["left hand"]), sensory_states([""])
    (('distal',), ('focal',), ())
    """
    said = words(texts)
    if {"stocking", "glove", "distal", "extremities"} & said or {"hands", "feet"} <= said:
        return ("distal",)
    if said & {"left", "right", "one"}:
        return ("focal",)
    if said & SIDES and said & DISTAL or said & {"feet", "toes", "soles"}:
        return ("distal",)
    return ()
