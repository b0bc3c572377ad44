-- Alerts, newest first; with when somebody first took each, and whether it was ever sent.
SELECT a.alert_id::VARCHAR AS alert_id, a.detector, a.signal, a.brand, a.tier, a.state, a.severity, a.onset_at, a.fired_at, a.resolved_at,
    a.window_minutes, a.observed, a.expected, a.low, a.high, a.summary, a.drivers, a.example_ids::VARCHAR[] AS example_ids,
    (SELECT min(acted_at) FROM actions AS c WHERE c.alert_id = a.alert_id AND c.verb = 'acknowledge') AS acknowledged_at,
    (SELECT min(sent_at) FROM deliveries AS d WHERE d.alert_id = a.alert_id AND d.status = 'sent') AS sent_at
FROM alerts AS a
WHERE $brand = '' OR a.brand = $brand
ORDER BY a.onset_at DESC, a.severity DESC
LIMIT 50
