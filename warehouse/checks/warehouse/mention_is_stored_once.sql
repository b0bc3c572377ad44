-- A mention is in the table once.
SELECT mention_id, count(*) AS copies
FROM mentions
GROUP BY mention_id
HAVING count(*) > 1
