-- response_time_daily: how many who needed an answer got one, and how fast.
-- Grain: brand, channel, day_at (start of the local day on which the conversation was opened). Owner: care.
-- Conversations that need a response and whose beginning we hold. inbound = answered + unanswered; the percentiles are of the
-- answered alone, so read them beside the share unanswered. Percentiles of several rows cannot be added: use thread_status.
SELECT
    t.brand, t.channel, c.day_at,
    count(*)::INTEGER AS inbound_count,
    count(t.first_response_seconds)::INTEGER AS answered_count,
    (count(*) - count(t.first_response_seconds))::INTEGER AS unanswered_count,
    quantile_cont(t.first_response_seconds, 0.5) AS p50_seconds,
    quantile_cont(t.first_response_seconds, 0.9) AS p90_seconds
FROM threads AS t
INNER JOIN calendar AS c ON c.bucket_at = make_timestamptz(epoch_us(t.opened_at) // 900000000 * 900000000)
WHERE t.needs_response AND t.is_start_known AND t.brand IS NOT NULL
GROUP BY t.brand, t.channel, c.day_at
ORDER BY t.brand, c.day_at, t.channel
