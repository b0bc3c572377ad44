-- Row accounting of one window: rows_in = stored + unchanged + quarantined. The counts are those of the load that first
-- brought this content; loading the scores of another model later leaves them as they are.
MERGE INTO loads USING (
    SELECT
        $source AS source, $file_id AS file_id, $file AS file, $rows_in AS rows_in, $stored AS stored,
        $unchanged AS unchanged, $quarantined AS quarantined, $now::TIMESTAMPTZ AS loaded_at,
        $content_hash AS content_hash, $models AS models
) AS incoming ON loads.source = incoming.source AND loads.file_id = incoming.file_id
WHEN MATCHED AND loads.content_hash IS NOT DISTINCT FROM incoming.content_hash THEN UPDATE SET
    loaded_at = incoming.loaded_at, models = incoming.models
WHEN MATCHED THEN UPDATE SET
    file = incoming.file, rows_in = incoming.rows_in, stored = incoming.stored, unchanged = incoming.unchanged,
    quarantined = incoming.quarantined, loaded_at = incoming.loaded_at, content_hash = incoming.content_hash,
    models = incoming.models
WHEN NOT MATCHED THEN INSERT (
    source, file_id, file, rows_in, stored, unchanged, quarantined, loaded_at, content_hash, models
) VALUES (
    incoming.source, incoming.file_id, incoming.file, incoming.rows_in, incoming.stored, incoming.unchanged,
    incoming.quarantined, incoming.loaded_at, incoming.content_hash, incoming.models
)
