-- Who needed an answer either got one or did not, and a percentile exists exactly where somebody got one.
SELECT *
FROM response_time_daily
WHERE inbound_count <> answered_count + unanswered_count OR (answered_count = 0) <> (p50_seconds IS NULL) OR p50_seconds > p90_seconds
