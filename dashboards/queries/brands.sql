-- Configured brands, and when each was first heard of: own brands first, then rivals, both by name.
SELECT b.brand, b.name, b.is_competitor, min(h.bucket_at) AS first_at
FROM brands AS b
LEFT JOIN brand_hourly AS h USING (brand)
GROUP BY b.brand, b.name, b.is_competitor
ORDER BY b.is_competitor, b.name
