-- Configured brands: own ones first, then rivals, each by how much they are talked about; and when each was first heard of.
SELECT b.brand, b.name, b.is_competitor, min(h.bucket_at) AS first_at
FROM brands AS b
LEFT JOIN brand_hourly AS h USING (brand)
GROUP BY b.brand, b.name, b.is_competitor
ORDER BY b.is_competitor, coalesce(sum(h.mention_count), 0) DESC, b.name
