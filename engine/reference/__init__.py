"""The passes in NumPy: specification of the compiled core, its oracle, and its fallback."""
