-- Pages show public mentions that still exist, each once for a brand.
SELECT f.mention_id, f.brand, count(*) AS copies
FROM mention_feed AS f
LEFT JOIN mentions AS m ON m.mention_id = f.mention_id AND m.visibility = 'public' AND m.deleted_at IS NULL
GROUP BY f.mention_id, f.brand
HAVING count(*) > 1 OR count(m.mention_id) = 0
