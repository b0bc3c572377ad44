-- contacts_daily: how many conversations customers opened with a brand, on which channels, and whether these are social.
-- Grain: brand, day_at (start of the local day on which they were opened), channel. Owner: care.
-- What opens a conversation: view `threads`; tickets of which no text is kept count too. is_social is false for the channels of a
-- contact centre; private messages on a social platform are social. total_count: of all channels of the brand on that day, as far
-- as sources cover them. social's share = sum of contact_count where is_social / sum of contact_count.
SELECT
    t.brand, c.day_at, t.channel,
    t.channel NOT IN ('email', 'phone', 'chat', 'web', 'sms', 'whatsapp', 'telegram', 'line', 'form', 'survey', 'other') AS is_social,
    count(*)::INTEGER AS contact_count,
    count(t.first_reply_at)::INTEGER AS answered_count,
    (sum(count(*)) OVER (PARTITION BY t.brand, c.day_at))::INTEGER AS total_count
FROM threads AS t
INNER JOIN calendar AS c ON c.bucket_at = make_timestamptz(epoch_us(t.opened_at) // 900000000 * 900000000)
WHERE t.brand IS NOT NULL
GROUP BY t.brand, c.day_at, t.channel
ORDER BY t.brand, c.day_at, t.channel
