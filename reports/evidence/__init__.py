"""Evidence: what a package says about a run, a lot or a study, and how it is set on paper."""
