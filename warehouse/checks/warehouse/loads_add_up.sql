-- Nothing is lost: every row that came in was stored, unchanged or quarantined.
SELECT source, file, rows_in, stored, unchanged, quarantined
FROM loads
WHERE rows_in <> stored + unchanged + quarantined
