"""Earshot's straight line: collect, land, enrich, load, aggregate, detect, publish, alert.

Every stage is one module with one `run(...)`; the command line and the Airflow Dags call the same functions.
"""
