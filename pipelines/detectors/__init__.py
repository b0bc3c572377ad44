"""Detectors: one file each. See base.py for the contract."""
