-- Alerts, newest first; with the incident that each belongs to, and when that was first sent to anybody.
SELECT a.alert_id::VARCHAR AS alert_id, a.detector, a.signal, a.brand, a.tier, a.state, a.severity, a.onset_at, a.fired_at, a.resolved_at,
    a.window_minutes, a.observed, a.expected, a.low, a.high, a.summary, a.drivers, a.example_ids::VARCHAR[] AS example_ids,
    a.exposed_ids::VARCHAR[] AS exposed_ids, a.first_id::VARCHAR AS first_id, a.driver_minutes,
    coalesce(m.incident_id, a.alert_id)::VARCHAR AS incident_id, coalesce(i.alert_count, 1) AS alert_count,
    (
        SELECT min(d.sent_at)
        FROM deliveries AS d
        WHERE d.alert_id = coalesce(m.incident_id, a.alert_id) AND d.status = 'sent'
    ) AS sent_at
FROM alerts AS a
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
LEFT JOIN incidents AS i ON i.incident_id = m.incident_id
WHERE $brand = '' OR a.brand = $brand
ORDER BY a.onset_at DESC, a.severity DESC
LIMIT 50
