"""Measurements that anyone can repeat with `make bench`: ratios to a baseline of the same run."""
