-- One row a mention and model: scores of the version of the mention that the warehouse holds, and of no other; none of what is
-- withdrawn.
-- incoming: temporary table of the window's mentions; $file: what one model says about them.
MERGE INTO enrichments USING (
    SELECT scored.*
    FROM read_parquet($file, hive_partitioning = false) AS scored
    JOIN mentions ON mentions.mention_id = scored.mention_id AND mentions.content_hash = scored.content_hash
        AND mentions.deleted_at IS NULL
    QUALIFY row_number() OVER (PARTITION BY scored.mention_id) = 1  -- a row that stands in the window twice
) AS fresh ON enrichments.mention_id = fresh.mention_id AND enrichments.model = fresh.model
WHEN MATCHED AND (
    enrichments.text_hash, enrichments.language, enrichments.sentiment, enrichments.unknown_reason,
    enrichments.p_negative, enrichments.p_neutral, enrichments.p_positive, enrichments.intents,
    enrichments.intent_scores, enrichments.topics, enrichments.brands, enrichments.brand_sentiments,
    enrichments.entities
) IS DISTINCT FROM (
    fresh.text_hash, fresh.language, fresh.sentiment, fresh.unknown_reason, fresh.p_negative, fresh.p_neutral,
    fresh.p_positive, fresh.intents, fresh.intent_scores, fresh.topics, fresh.brands, fresh.brand_sentiments,
    fresh.entities
) THEN UPDATE SET
    text_hash = fresh.text_hash, language = fresh.language, sentiment = fresh.sentiment,
    unknown_reason = fresh.unknown_reason, p_negative = fresh.p_negative, p_neutral = fresh.p_neutral,
    p_positive = fresh.p_positive, intents = fresh.intents, intent_scores = fresh.intent_scores,
    topics = fresh.topics, brands = fresh.brands, brand_sentiments = fresh.brand_sentiments,
    entities = fresh.entities, enriched_at = $now
WHEN NOT MATCHED THEN INSERT (
    mention_id, model, text_hash, language, sentiment, unknown_reason, p_negative, p_neutral, p_positive, intents,
    intent_scores, topics, brands, brand_sentiments, entities, enriched_at
) VALUES (
    fresh.mention_id, fresh.model, fresh.text_hash, fresh.language, fresh.sentiment, fresh.unknown_reason,
    fresh.p_negative, fresh.p_neutral, fresh.p_positive, fresh.intents, fresh.intent_scores, fresh.topics,
    fresh.brands, fresh.brand_sentiments, fresh.entities, $now
)
