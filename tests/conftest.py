"""Property tests try the same examples in every run, so that a run fails for a change and never by chance.

`pytest --hypothesis-profile default` looks for examples that nobody has tried yet.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")
