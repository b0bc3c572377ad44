-- What each rule found; data: crises or history. The budget is that of the rule, one false page per brand in so many days.
SELECT rule, role, says, page_every_days, threshold, slice, brand_count, days, crisis_count, found_count, paged_count, delays,
    alert_count, page_count, true_count, false_count, false_page_count, since_at, until_at, is_newest, kept_at
FROM backtests
WHERE data = $data
ORDER BY role = 'vendor', role = 'shadow', role = 'budget', page_every_days, rule, slice
