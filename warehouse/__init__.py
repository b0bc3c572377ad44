"""DuckDB and SQL; knows nothing of models, Airflow or dashboards."""
