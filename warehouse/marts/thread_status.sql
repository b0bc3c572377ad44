-- thread_status: every conversation that a customer opened with a brand, and whose turn it is.
-- Grain: source, thread_id. Owner: care. What opens a thread and what is a reply: view `threads`.
-- status: unanswered (nobody has replied), waiting (the customer wrote again after the last reply), answered.
-- first_response_seconds: from the first message to the first reply by a person, public or private; null where there is none
-- or where the conversation began before what we hold (is_start_known is false). text: of the first message, if it was public.
SELECT
    thread_id, source, channel, brand, property, first_mention_id, opened_at, author_id, first_reply_at,
    first_response_seconds, last_inbound_at, last_reply_at,
    inbound_count::INTEGER AS inbound_count,
    reply_count::INTEGER AS reply_count,
    needs_response, status, sentiment_first, sentiment_last, is_urgent, expires_at,
    text, is_start_known
FROM threads
WHERE brand IS NOT NULL
ORDER BY brand, opened_at, thread_id
