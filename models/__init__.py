"""Text in, scores out; knows nothing of sources, the warehouse or Airflow."""
