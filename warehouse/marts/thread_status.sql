-- thread_status: every conversation that a customer opened with a brand, and whose turn it is.
-- Grain: source, thread_id. Owner: care. What opens a thread and what is a reply: view `threads`.
-- status: unanswered (nobody has replied), waiting (the customer wrote again after the last reply), answered.
-- first_response_seconds: from the first message to the first reply by a person, public or private; null where there is none
-- or where the conversation began before what we hold (is_start_known is false). text: of the first message, if it was public.
SELECT
    t.thread_id, t.source, t.channel, t.brand, t.property, t.first_mention_id, t.opened_at, t.author_id, t.first_reply_at,
    t.first_response_seconds, t.last_inbound_at, t.last_reply_at,
    t.inbound_count::INTEGER AS inbound_count,
    t.reply_count::INTEGER AS reply_count,
    t.needs_response, t.status, t.sentiment_first, t.sentiment_last, t.is_urgent, t.expires_at,
    CASE WHEN m.visibility = 'public' THEN m.text END AS text,
    t.is_start_known
FROM threads AS t
INNER JOIN mentions AS m ON m.mention_id = t.first_mention_id
WHERE t.brand IS NOT NULL
ORDER BY t.brand, t.opened_at, t.thread_id
