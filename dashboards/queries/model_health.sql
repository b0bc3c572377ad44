SELECT * FROM model_health_weekly WHERE week_at > $since ORDER BY source, model, week_at
