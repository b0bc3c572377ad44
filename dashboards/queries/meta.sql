SELECT version, published_at, watermark, project_name, timezone, is_simulated, model, first_response_target_seconds
FROM meta
