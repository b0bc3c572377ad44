-- Every mention counted has exactly one sentiment, is unknown, or is not scored; no part exceeds the whole.
SELECT *
FROM brand_hourly
WHERE
    negative_count + neutral_count + positive_count + unknown_count + unscored_count <> mention_count
    OR greatest(
        author_count, read_count, complaint_count, churn_risk_count, urgent_count, needs_response_count, repost_count, public_count
    ) > mention_count
