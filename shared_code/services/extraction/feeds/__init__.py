"""The feeds, one module each, under the names of the source description.

Source: Source side, "Incremental strategy".
"""
