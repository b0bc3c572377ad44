"""Orchestration only: each Dag calls the stage functions of `pipelines`, which run the same way from the command line."""
