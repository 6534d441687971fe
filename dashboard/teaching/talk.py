"""A presentation: what is told in which order, and its two forms, a case and a lesson's file."""

from dataclasses import dataclass, field
from secrets import token_hex

from fascinet.dashboard.state import Case
from fascinet.dashboard.teaching.lesson import rooms
from fascinet.engine.teaching.case_file import TeachingCase, ToldStep
from fascinet.model.case import COMPLAINT, CONTEXT

HIDES = ("Nothing", "Numbers", "Ranking and numbers")
TALK = "present"  # where the browser session keeps it
STORY = ""  # stands for the story among the notes
SCREEN, FILE = "The case on the screen", "A lesson file"  # where a talk may come from
SAID, UNSAVED = "author-said", "author-unsaved"  # what is told after a save, and if there is none
MINE = "mine:"  # or from the user's library: this before the file's name


@dataclass
class Talk:
    """A presentation.

    Attributes
    ----------
    name : str
        Its title.
    steps : list of (variable, state)
        In the order told.
    ground : dict
        Known from the start: setting, age, sex and the complaint.
    at : int
        How many steps are told.
    said : dict of step to probability
        The class's belief in the cause in focus.
    since : float
        When the clock was started; 0 while it stands.
    hide, focus : str
        What is hidden until the class has spoken, and the cause that the curves follow.
    notes : dict of variable to str
        The presenter's own, by the finding told; `STORY` before any.
    objectives, distractors : tuple of str
        For the handout.
    source : str
        Where it comes from: `SCREEN`, `FILE`, `MINE` and a name, or a case of the shipped library.
    id : str
        Tells the widgets of one talk from those of another.
    """

    name: str
    steps: list[tuple[str, str]]
    ground: dict[str, str]
    at: int = 0
    said: dict[int, float] = field(default_factory=dict[int, float])
    since: float = 0.0
    hide: str = HIDES[2]
    focus: str = ""
    notes: dict[str, str] = field(default_factory=dict[str, str])
    objectives: tuple[str, ...] = ()
    distractors: tuple[str, ...] = ()
    source: str = SCREEN
    id: str = field(default_factory=lambda: token_hex(4))

    def known(self, count: int | None = None) -> dict[str, str]:
        """Return what is known after so many steps."""
        return {**self.ground, **dict(self.steps[: self.at if count is None else count])}

    @property
    def file(self) -> str:
        """Its file in the user's library; "" if it is not kept."""
        return self.source.removeprefix(MINE) if self.source.startswith(MINE) else ""

    @property
    def told(self) -> str:
        """What was told last: a variable, or `STORY`."""
        return self.steps[self.at - 1][0] if self.at else STORY

    def change(self, steps: list[tuple[str, str]]) -> None:
        """Tell other steps: what the class said of the old ones is no longer of use."""
        self.steps, self.said = steps, {}
        self.at = min(self.at, len(steps))


def told_from(name: str, case: Case, source: str = SCREEN) -> Talk:
    """Return a case as a talk: the ground first, then what is asked, seen and tested, in turn."""
    ground = {"setting": case.setting, COMPLAINT: "yes"}
    ground |= {v: s for v, s in case.evidence.items() if v in (*CONTEXT, COMPLAINT)}
    way = {"ask": 0, "examine": 1, "order": 2}
    steps = [(v, s) for v, s in case.evidence.items() if v not in ground]
    told = sorted(steps, key=lambda x: way[rooms().way_of(x[0])])
    return Talk(name, told, ground, source=source)


def case_of(talk: Talk) -> Case:
    """Return all findings of a talk as the case on the screen."""
    told = talk.known(len(talk.steps))
    return Case(told["setting"], tuple((v, s) for v, s in told.items() if v != "setting"))


def lesson_of(talk: Talk) -> TeachingCase:
    """Return a talk as the lesson file has it."""
    ground = {v: s for v, s in talk.ground.items() if v not in ("setting", COMPLAINT)}
    steps = tuple(ToldStep(v, s, talk.notes.get(v, "")) for v, s in talk.steps)
    return TeachingCase(talk.name, talk.ground["setting"], talk.focus, steps, ground,
                        talk.objectives, talk.distractors, talk.notes.get(STORY, ""))  # fmt: skip


def talk_from(case: TeachingCase, source: str = FILE) -> Talk:
    """Return the talk of a lesson file, in the order of the file."""
    notes = {STORY: case.note, **{s.finding: s.note for s in case.steps}}
    told = [(s.finding, s.state) for s in case.steps]
    return Talk(
        case.title, told, case.known(0), focus=case.cause,
        notes={v: n for v, n in notes.items() if n}, objectives=case.objectives,
        distractors=case.distractors, source=source,
    )  # fmt: skip


def person(talk: Talk) -> str:
    """Return who comes, in words."""
    who = {"male": "man", "female": "woman"}.get(talk.ground.get("sex", ""), "person")
    age = f", {talk.ground['age_group']}" if "age_group" in talk.ground else ""
    twitch = "twitch" if talk.ground[COMPLAINT] == "yes" else "do not twitch"
    return f"A {who}{age}, whose muscles {twitch}"
