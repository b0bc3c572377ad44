-- A snapshot says once what it is.
SELECT count(*) AS meta_rows
FROM meta
HAVING count(*) <> 1
