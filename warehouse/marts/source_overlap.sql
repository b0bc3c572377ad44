-- source_overlap: of two sources on the same channel, how much does each find, and how much do both? From the overlap follows how
-- much neither finds (capture and recapture, `warehouse.metrics.unseen`).
-- Grain: channel, first_source, second_source (by name): four weeks up to the newest mention of both, and only the time in which
-- both brought something. Owner: data engineering.
-- A mention is the same in both where its link is, without protocol, www, fragment, parameters for tracking and a slash at the end;
-- where it has none, where the platform's id is. Deleted ones are left out.
WITH reached AS (
    SELECT source, channel, min(published_at) AS first_at, max(published_at) AS last_at
    FROM mentions
    WHERE deleted_at IS NULL
    GROUP BY source, channel
),
pairs AS (
    SELECT
        a.channel, a.source AS first_source, b.source AS second_source,
        greatest(a.first_at, b.first_at, least(a.last_at, b.last_at) - INTERVAL 28 DAYS) AS since_at,
        least(a.last_at, b.last_at) AS until_at
    FROM reached AS a
    INNER JOIN reached AS b ON b.channel = a.channel AND a.source < b.source
),
links AS (
    SELECT
        source, channel, published_at, native_id, regexp_extract(url, '^https?://([^/?#]+)([^#]*)', ['host', 'rest']) AS parts
    FROM mentions
    WHERE published_at IS NOT NULL AND deleted_at IS NULL AND channel IN (SELECT channel FROM pairs)
),
keyed AS (
    SELECT
        source, channel, min(published_at) AS published_at,
        CASE
            WHEN coalesce(parts.host, '') = '' THEN native_id
            ELSE regexp_replace(lower(parts.host), '^(www|m|mobile)\.', '') || regexp_replace(
                regexp_replace(
                    regexp_replace(parts.rest, '([?&])((utm_[a-z_]+|fbclid|gclid|ref|ref_src)=[^&]*&?)+', '\1', 'g'), '[?&]+$', ''
                ), '/+([?]|$)', '\1'
            )
        END AS key
    FROM links
    GROUP BY ALL
),
found AS (
    SELECT
        p.channel, p.first_source, p.second_source, p.since_at, p.until_at, k.key,
        bool_or(k.source = p.first_source) AS is_in_first, bool_or(k.source = p.second_source) AS is_in_second
    FROM pairs AS p
    INNER JOIN keyed AS k
        ON k.channel = p.channel AND k.source IN (p.first_source, p.second_source) AND k.published_at BETWEEN p.since_at AND p.until_at
    GROUP BY ALL
)
SELECT
    channel, first_source, second_source, since_at, until_at,
    (count(*) FILTER (WHERE is_in_first))::INTEGER AS first_count,
    (count(*) FILTER (WHERE is_in_second))::INTEGER AS second_count,
    (count(*) FILTER (WHERE is_in_first AND is_in_second))::INTEGER AS both_count
FROM found
GROUP BY channel, first_source, second_source, since_at, until_at
ORDER BY channel, first_source, second_source
