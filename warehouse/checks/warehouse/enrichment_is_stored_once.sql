-- A model has scored a mention once.
SELECT mention_id, model, count(*) AS copies
FROM enrichments
GROUP BY mention_id, model
HAVING count(*) > 1
