-- One row a mention that an incoming observation or the warehouse says was withdrawn: what it comes to.
-- Two things are kept apart, and of each the newest observation counts: whether it exists, and, where it does not, what is
-- still known of it (when, where and of which kind it was; a deletion that tells it is asked where nothing else does). So any
-- order of observations comes to the same. When it was published is the earliest time that is known, of a window that landed
-- anew the one that it says now.
-- A deletion holds from deleted_at on at the latest, and at equal times against what was seen. concerned: their ids.
CREATE OR REPLACE TEMP TABLE settled AS
WITH observed AS (
    SELECT
        i.* EXCLUDE (is_held, is_settled),
        CASE WHEN i.deleted_at IS NULL THEN i.observed_at ELSE greatest(i.observed_at, i.deleted_at) END AS known_at,
        i.observed_at AS seen_at,
        CASE WHEN i.deleted_at IS NULL THEN i.content_hash WHEN i.published_at IS NOT NULL THEN '-' || i.content_hash END AS seen_hash,
        $is_relanded AS is_first
    FROM incoming AS i
    SEMI JOIN concerned AS c ON c.mention_id = i.mention_id
    UNION ALL BY NAME
    SELECT
        m.* EXCLUDE (ingested_at),
        CASE WHEN m.deleted_at IS NULL THEN m.observed_at ELSE greatest(m.observed_at, m.deleted_at) END AS known_at,
        CASE WHEN w.mention_id IS NULL THEN m.observed_at ELSE w.seen_at END AS seen_at,
        CASE WHEN w.mention_id IS NULL THEN m.content_hash ELSE w.seen_hash END AS seen_hash,
        false AS is_first
    FROM mentions AS m
    SEMI JOIN concerned AS c ON c.mention_id = m.mention_id
    LEFT JOIN withdrawals AS w ON w.mention_id = m.mention_id
),
living AS (
    SELECT * FROM observed WHERE deleted_at IS NULL
    QUALIFY row_number() OVER (PARTITION BY mention_id ORDER BY known_at DESC NULLS LAST, is_first DESC, content_hash DESC) = 1
),
gone AS (
    SELECT * FROM observed WHERE deleted_at IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY mention_id
        ORDER BY
            known_at DESC NULLS LAST, content_hash = md5(mention_id::VARCHAR), -- what was blanked here says nothing new
            is_first DESC, content_hash DESC
    ) = 1
),
known AS (
    SELECT * FROM observed
    QUALIFY row_number() OVER (
        PARTITION BY mention_id
        ORDER BY
            seen_hash IS NULL, seen_hash LIKE '-%', seen_hash <> '-' || md5(mention_id::VARCHAR), -- blanked here: was seen
            seen_at DESC NULLS LAST, is_first DESC, seen_hash DESC, known_at DESC NULLS LAST, content_hash DESC
    ) = 1
),
dated AS (
    SELECT
        mention_id,
        coalesce(
            min({'at': published_at, 'note': time_note}) FILTER (WHERE published_at IS NOT NULL AND is_first),
            min({'at': published_at, 'note': time_note}) FILTER (WHERE published_at IS NOT NULL)
        ) AS published
    FROM observed
    GROUP BY mention_id
),
again AS (
    SELECT l.*
    FROM living AS l
    LEFT JOIN gone AS g ON g.mention_id = l.mention_id
    WHERE g.mention_id IS NULL OR l.known_at > g.known_at OR (l.known_at IS NOT NULL AND g.known_at IS NULL)
)
SELECT
    s.* REPLACE (
        d.published."at" AS published_at,
        CASE
            WHEN d.published IS NOT NULL THEN d.published.note
            WHEN s.deleted_at IS NULL THEN s.time_note
            ELSE 'withdrawn' -- the note may quote what stood in the place of a date
        END AS time_note
    ),
    coalesce(i.is_held, false) OR (m.mention_id IS NOT NULL AND m.deleted_at IS NULL) AS is_held,
    m.content_hash IS DISTINCT FROM s.content_hash OR (m.deleted_at IS NULL) <> (s.deleted_at IS NULL)
    OR (s.deleted_at IS NOT NULL AND (w.seen_at, w.seen_hash) IS DISTINCT FROM (s.seen_at, s.seen_hash))
    OR m.published_at IS DISTINCT FROM d.published."at" AS is_changed
FROM (
    SELECT * FROM again
    UNION ALL BY NAME
    SELECT
        k.* REPLACE (
            g.known_at AS observed_at, g.deleted_at AS deleted_at, g.content_hash AS content_hash, g.known_at AS known_at,
            NULL AS author_id, NULL AS author_followers, '' AS text, NULL AS "references", NULL AS language, NULL AS url,
            NULL AS rating, NULL AS engagement, NULL AS reach, NULL AS media, NULL AS expires_at
        )
    FROM gone AS g
    INNER JOIN known AS k ON k.mention_id = g.mention_id
    ANTI JOIN again AS a ON a.mention_id = g.mention_id
) AS s
INNER JOIN dated AS d ON d.mention_id = s.mention_id
LEFT JOIN (SELECT mention_id, bool_or(is_held) AS is_held FROM incoming GROUP BY mention_id) AS i ON i.mention_id = s.mention_id
LEFT JOIN mentions AS m ON m.mention_id = s.mention_id
LEFT JOIN withdrawals AS w ON w.mention_id = s.mention_id
