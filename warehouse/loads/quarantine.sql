-- One row a rejected row of a file and reason.
MERGE INTO quarantine USING (
    SELECT DISTINCT source, file, file_id, line, reason, raw FROM read_parquet($file, hive_partitioning = false)
) AS incoming
ON quarantine.source = incoming.source AND quarantine.file_id = incoming.file_id AND quarantine.line = incoming.line
    AND quarantine.reason = incoming.reason AND quarantine.raw = incoming.raw
WHEN NOT MATCHED THEN INSERT (source, file, file_id, line, reason, raw, quarantined_at)
VALUES (incoming.source, incoming.file, incoming.file_id, incoming.line, incoming.reason, incoming.raw, $now)
