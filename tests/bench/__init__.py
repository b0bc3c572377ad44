"""Measurements of speed and memory, as ratios within one run. See __main__.py."""
