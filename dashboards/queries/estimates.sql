SELECT counted_rate, estimated_rate, low_rate, high_rate, mention_count, since_at, until_at
FROM sentiment_estimates
WHERE brand = $brand AND sentiment = 'negative'
