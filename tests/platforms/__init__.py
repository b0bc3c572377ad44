"""Platforms on localhost that speak the documented shape of each interface and misbehave as the real ones do."""
