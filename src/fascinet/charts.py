"""Colours and a theme for charts of one's own that suit light and dark pages (extra `plots`).

>>> from fascinet.charts import ACCENT
>>> ACCENT.startswith("#")
True
"""

from fascinet.engine.display.charts import ACCENT, GREY, save_chart, themed

__all__ = ["ACCENT", "GREY", "save_chart", "themed"]
