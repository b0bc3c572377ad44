SELECT
    brand, timezone($zone, week_at) AS at_local, author_count AS authors, advocate_count AS advocates, detractor_count AS detractors,
    replied_base, replied_recovered, unreplied_base, unreplied_recovered
FROM advocate_weekly
WHERE list_contains($brands, brand) AND week_at >= $start AND week_at < $until
ORDER BY brand, at_local
