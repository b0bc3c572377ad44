-- What verdicts have made of the alert budget of a brand.
SELECT tier, every_days, stretched_days, false_count, judged_count, allowed, note
FROM alert_budgets
WHERE brand = $brand AND tier = $tier
