-- What a model said of a week adds up: scored or unknown, scored by sentiment, and no part exceeds the whole.
SELECT *
FROM model_health_weekly
WHERE
    negative_count + neutral_count + positive_count <> scored_count
    OR language_count + low_confidence_count + nothing_count > unknown_count
    OR scored_count + unknown_count <> mention_count
    OR greatest(read_count, scored_count) > mention_count
    OR mix_distance NOT BETWEEN 0 AND 1
