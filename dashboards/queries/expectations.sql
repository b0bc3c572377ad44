SELECT signal, bucket_at, observed, expected, low, high, is_outside
FROM expectations
WHERE brand = $brand AND bucket_at >= $start AND bucket_at < $until
ORDER BY signal, bucket_at
