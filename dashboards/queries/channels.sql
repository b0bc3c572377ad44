SELECT channel FROM brand_hourly GROUP BY channel ORDER BY sum(mention_count) DESC, channel
