"""One query language for all sources: read, matched, compiled for each platform, explained and linted.

A source calls `compiling.compile_for(dialect, query)` for what to ask its platform; `matching.Matcher` says which of the
answers the query means.
"""
