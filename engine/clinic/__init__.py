"""From a case to a ranked differential: cases, ranking, intervals, next tests, red flags."""
