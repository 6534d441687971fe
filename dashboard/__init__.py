"""The room that a clinician teaches with: a Streamlit application on 127.0.0.1.

`app` is navigation only, `state` the one typed state, `service` the one way to the engine,
`charts` pure functions to Vega-Lite, `components` our own small widgets, `views` one file a page.
"""
