-- Every mention counted has exactly one sentiment, is unknown, or is not scored; no part exceeds the whole.
SELECT *
FROM brand_15min
WHERE
    negative_count + neutral_count + positive_count + unknown_count + unscored_count <> mention_count
    OR greatest(author_count, complaint_count, churn_risk_count, urgent_count, needs_response_count, repost_count) > mention_count
    OR greatest(original_scored_count, original_author_count, original_urgent_count) > mention_count - copy_count
    OR original_negative_count > original_scored_count
