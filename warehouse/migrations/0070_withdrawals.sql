-- Mentions that were withdrawn: deleted at the platform, by a request, or because the platform's terms end. What they said is
-- gone from `mentions`; when, where and about which brands something was said stays, for counts.
CREATE TABLE withdrawals (               -- key is mention_id; a mention that is seen again later has no row any more
    mention_id UUID NOT NULL,
    seen_at TIMESTAMPTZ,                 -- observed_at of the newest observation that tells what `mentions` keeps of it ...
    seen_hash VARCHAR,                   -- ... and its content_hash, behind a '-' where it was a deletion itself; null: none tells
    brands VARCHAR[] NOT NULL,           -- which its text named
    withdrawn_at TIMESTAMPTZ NOT NULL,   -- when we learned of it
    erased_at TIMESTAMPTZ                -- since when no copy of what it said is left anywhere; null: there may be one
);
INSERT INTO withdrawals
SELECT
    mention_id, observed_at, CASE WHEN published_at IS NOT NULL THEN '-' || content_hash END, []::VARCHAR[],
    coalesce(observed_at, ingested_at), NULL
FROM mentions
WHERE deleted_at IS NOT NULL;
UPDATE mentions SET
    author_id = NULL, author_followers = NULL, text = '', "references" = NULL, language = NULL, url = NULL, rating = NULL,
    engagement = NULL, reach = NULL, media = NULL, expires_at = NULL
WHERE deleted_at IS NOT NULL;
DELETE FROM enrichments WHERE mention_id IN (SELECT mention_id FROM withdrawals);

CREATE TABLE obligations (               -- what terms and requests oblige us to, and whether it was done: see pipelines/ledger.py
    kind VARCHAR NOT NULL,               -- recheck, refresh, erase; key is (kind, source, due_at)
    source VARCHAR NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,         -- by when, a full hour
    mention_count INTEGER NOT NULL,      -- mentions that it is about
    open_count INTEGER NOT NULL,         -- of these, still to be done
    noted_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ                  -- when it was found done
);
