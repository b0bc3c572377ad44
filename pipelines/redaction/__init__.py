"""Finds personal data and references in text: one module a kind of data. `pipelines.privacy` is the public face."""
