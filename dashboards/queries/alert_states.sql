-- What an alert went through, in order.
SELECT position, state, tier, severity, reached_at, summary
FROM alert_states
WHERE alert_id::VARCHAR = $alert
ORDER BY position
