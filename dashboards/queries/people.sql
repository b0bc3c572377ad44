-- How many different people, how far it may have been seen, and where it was first, in these hours.
-- estimated: how many mentions those that were collected stand for; reach is of all of these.
SELECT
    count(*)::BIGINT AS mentions,
    coalesce(sum(weight), 0) AS estimated,
    count(DISTINCT author_id)::BIGINT AS people,
    coalesce(round(sum(reach * weight)), 0)::BIGINT AS reach
FROM mention_feed
WHERE brand = $brand AND NOT is_own AND published_at >= $start AND published_at < $until
