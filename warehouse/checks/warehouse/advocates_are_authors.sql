-- No group of authors is larger than all authors of the week; nobody recovers who did not enter.
SELECT *
FROM advocate_weekly
WHERE
    greatest(advocate_count, detractor_count, replied_base + unreplied_base) > author_count
    OR replied_recovered > replied_base
    OR unreplied_recovered > unreplied_base
