"""Measuring models on labelled sets, with intervals, and writing what was measured into their cards."""
