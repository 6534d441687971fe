"""Small components of ours on `st.components.v2`: JavaScript and CSS lie in `assets/`.

Each is controlled: data goes down, one trigger `edit` comes up, and Python holds the truth.
Streamlit finds packaged components by a manifest beside the package's root, which a mapped,
editable install does not have; so the manifest is registered here, once per runtime.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import streamlit as st
import streamlit.components.v2 as components_v2
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

PROJECT = "fascinet"
NAMES = ("findings", "strip", "ranking", "next", "graph", "cookie")
ROOT = Path(__file__).parent
BATCH = 100
_renderers: dict[str, Any] = {}


def _register() -> None:
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{PROJECT}.{NAMES[0]}") is None:
        configs = [ComponentConfig(name, "assets") for name in NAMES]
        manager.register_from_manifest(ComponentManifest(PROJECT, "1", configs), ROOT)
        _renderers.clear()


def mount(
    name: str, data: dict[str, Any], on_edit: Callable[[dict[str, Any]], None], *, key: str
) -> None:
    """Draw one component; `on_edit` gets each edit that the user makes in it.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    data : dict
        What to show; JSON types only. All of it is drawn as text, never as HTML.
    on_edit : callable
        Called before the next run with the edit, a dict.
    key : str
        Fixed identity of this instance.
    """
    _register()
    if name not in _renderers:
        _renderers[name] = components_v2.component(
            f"{PROJECT}.{name}", js=f"{name}.js", css=f"{name}.css"
        )

    seen = f"{key}:seq"

    def changed() -> None:
        for edit in _fresh(st.session_state.get(key), st.session_state.get(seen, 0)):
            st.session_state[seen] = edit["seq"]
            on_edit(edit)

    down = {**data, "seq": st.session_state.get(seen, 0)}
    _renderers[name](key=key, data=down, on_edit_change=changed)


def _fresh(state: object, seen: int) -> list[dict[str, Any]]:
    """Return the edits not yet applied: the browser resends those that it saw no answer to."""
    box = cast("dict[str, Any]", state).get("edit") if isinstance(state, dict) else None
    raw: object = cast("dict[str, Any]", box).get("edits") if isinstance(box, dict) else None
    edits = cast("list[Any]", raw) if isinstance(raw, list) else []
    good = [e for e in edits[:BATCH] if isinstance(e, dict) and isinstance(e.get("seq"), int)]
    return [e for e in good if e["seq"] > seen]
