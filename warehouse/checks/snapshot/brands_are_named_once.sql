-- Every brand that is counted has a name, and one only.
SELECT h.brand, count(DISTINCT b.name) AS names
FROM brand_hourly AS h
LEFT JOIN brands AS b ON b.brand = h.brand
GROUP BY h.brand
HAVING count(DISTINCT b.name) <> 1
