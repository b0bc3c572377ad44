-- How many different people, how far it may have been seen, and where it was first, in these hours.
SELECT
    count(*)::BIGINT AS mentions,
    count(DISTINCT author_id)::BIGINT AS people,
    coalesce(sum(reach), 0)::BIGINT AS reach
FROM mention_feed
WHERE brand = $brand AND NOT is_own AND published_at >= $start AND published_at < $until
