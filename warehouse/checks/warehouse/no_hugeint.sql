-- sum() gives HUGEINT, and reading one is a hundred times slower: every count is cast.
SELECT table_name, column_name
FROM duckdb_columns()
WHERE database_name = current_database() AND data_type = 'HUGEINT'
