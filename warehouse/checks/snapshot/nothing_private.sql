-- Case references, addresses of receivers and platform names of authors stay in the warehouse.
SELECT table_name, column_name
FROM duckdb_columns()
WHERE
    database_name = current_database()
    AND column_name IN ('references', 'author_name', 'author_followers', 'raw', 'address', 'intent_scores', 'entities')
