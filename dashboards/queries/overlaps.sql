-- Pairs of sources on the same channel, and how many mentions each and both found.
SELECT channel, first_source, second_source, since_at, until_at, first_count, second_count, both_count
FROM source_overlap
ORDER BY both_count DESC, channel, first_source, second_source
