"""Parts of the pages that teach: the lesson's state, its words, charts and reviews."""
