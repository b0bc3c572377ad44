SELECT source FROM source_health GROUP BY source ORDER BY sum(mention_count) DESC, source
