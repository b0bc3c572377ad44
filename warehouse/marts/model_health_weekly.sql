-- model_health_weekly: does a model still see what it saw? What it said of each source, week by week, beside the four weeks before.
-- Grain: source, model, week_at (Monday 00:00 in the project's time zone, as an instant). Owner: data engineering.
-- Mentions that still exist, have a date and were not written by the brand; each counts for the model whose scores count now.
-- read_count: whose intents the model computed, that is with a text in a language in which it finds them. scored_count: with a
-- sentiment, which a checkpoint may give in more languages than are read for intents. The unknown ones by reason:
-- language, low_confidence, and nothing to read (empty, image_only). confidence: mean probability of the likeliest sentiment
-- of what was scored, with its standard deviation. The intents are counted among read_count; a mention may have several.
-- before_weeks: how many of the four weeks before have mentions. mix_distance: half the sum of the differences between the
-- shares of negative, neutral and positive now and in those weeks, 0 (the same) to 1 (nothing in common); null without either.
-- What is beyond chance is judged in warehouse/drift.py.
WITH said AS (
    SELECT
        m.source, e.model, c.week_at, e.sentiment, e.unknown_reason, e.intent_scores IS NOT NULL AS is_read,
        CASE WHEN e.intent_scores IS NOT NULL THEN e.intents ELSE [] END AS intents,
        CASE WHEN e.sentiment <> 'unknown' THEN greatest(e.p_negative, e.p_neutral, e.p_positive) END AS confidence
    FROM mentions AS m
    INNER JOIN current_enrichments AS e ON e.mention_id = m.mention_id
    INNER JOIN calendar AS c ON c.bucket_at = make_timestamptz(epoch_us(m.published_at) // 900000000 * 900000000)
    WHERE m.deleted_at IS NULL AND NOT m.is_own AND e.unknown_reason IS DISTINCT FROM 'not_scored'
),
counted AS (
    SELECT
        source, model, week_at,
        count(*) AS mention_count,
        count(*) FILTER (WHERE is_read) AS read_count,
        count(*) FILTER (WHERE sentiment <> 'unknown') AS scored_count,
        count(*) FILTER (WHERE sentiment = 'unknown') AS unknown_count,
        count(*) FILTER (WHERE unknown_reason = 'language') AS language_count,
        count(*) FILTER (WHERE unknown_reason = 'low_confidence') AS low_confidence_count,
        count(*) FILTER (WHERE unknown_reason IN ('empty', 'image_only')) AS nothing_count,
        avg(confidence) AS confidence,
        stddev_samp(confidence) AS confidence_deviation,
        count(*) FILTER (WHERE sentiment = 'negative') AS negative_count,
        count(*) FILTER (WHERE sentiment = 'neutral') AS neutral_count,
        count(*) FILTER (WHERE sentiment = 'positive') AS positive_count,
        count(*) FILTER (WHERE list_contains(intents, 'complaint')) AS complaint_count,
        count(*) FILTER (WHERE list_contains(intents, 'request')) AS request_count,
        count(*) FILTER (WHERE list_contains(intents, 'praise')) AS praise_count,
        count(*) FILTER (WHERE list_contains(intents, 'recommendation')) AS recommendation_count,
        count(*) FILTER (WHERE list_contains(intents, 'warning')) AS warning_count,
        count(*) FILTER (WHERE list_contains(intents, 'churn_risk')) AS churn_risk_count,
        count(*) FILTER (WHERE list_contains(intents, 'purchase_intent')) AS purchase_intent_count,
        count(*) FILTER (WHERE list_contains(intents, 'suggestion')) AS suggestion_count,
        count(*) FILTER (WHERE list_contains(intents, 'urgent')) AS urgent_count,
        count(*) FILTER (WHERE list_contains(intents, 'irrelevant')) AS irrelevant_count,
        count(*) FILTER (WHERE list_contains(intents, 'needs_response')) AS needs_response_count
    FROM said
    GROUP BY source, model, week_at
),
beside AS (
    SELECT
        *,
        count(*) OVER before AS before_weeks,
        sum(scored_count) OVER before AS before_scored,
        sum(negative_count) OVER before AS before_negative,
        sum(neutral_count) OVER before AS before_neutral,
        sum(positive_count) OVER before AS before_positive
    FROM counted
    WINDOW before AS (
        PARTITION BY source, model ORDER BY week_at
        RANGE BETWEEN INTERVAL 29 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING -- a day more: clocks change
    )
)
SELECT
    source, model, week_at,
    mention_count::INTEGER AS mention_count, read_count::INTEGER AS read_count, scored_count::INTEGER AS scored_count,
    unknown_count::INTEGER AS unknown_count, language_count::INTEGER AS language_count,
    low_confidence_count::INTEGER AS low_confidence_count, nothing_count::INTEGER AS nothing_count,
    round(confidence, 4) AS confidence, round(confidence_deviation, 4) AS confidence_deviation,
    negative_count::INTEGER AS negative_count, neutral_count::INTEGER AS neutral_count, positive_count::INTEGER AS positive_count,
    complaint_count::INTEGER AS complaint_count, request_count::INTEGER AS request_count, praise_count::INTEGER AS praise_count,
    recommendation_count::INTEGER AS recommendation_count, warning_count::INTEGER AS warning_count,
    churn_risk_count::INTEGER AS churn_risk_count, purchase_intent_count::INTEGER AS purchase_intent_count,
    suggestion_count::INTEGER AS suggestion_count, urgent_count::INTEGER AS urgent_count,
    irrelevant_count::INTEGER AS irrelevant_count, needs_response_count::INTEGER AS needs_response_count,
    before_weeks::INTEGER AS before_weeks,
    CASE
        WHEN scored_count > 0 AND before_scored > 0
            THEN round(
                (
                    abs(negative_count / scored_count - before_negative / before_scored)
                    + abs(neutral_count / scored_count - before_neutral / before_scored)
                    + abs(positive_count / scored_count - before_positive / before_scored)
                ) / 2, 4
            )
    END AS mix_distance
FROM beside
ORDER BY source, model, week_at
