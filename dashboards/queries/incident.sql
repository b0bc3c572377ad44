-- One incident as it stands, with the sentence of its newest alert.
SELECT i.incident_id::VARCHAR AS incident_id, i.brand, coalesce(b.name, i.brand) AS name, i.state, i.tier, i.severity, i.onset_at,
    i.resolved_at, i.alert_count,
    (
        SELECT arg_max(a.summary, a.fired_at)
        FROM alerts AS a
        INNER JOIN incident_alerts AS m ON m.alert_id = a.alert_id
        WHERE m.incident_id = i.incident_id
    ) AS summary
FROM incidents AS i
LEFT JOIN brands AS b ON b.brand = i.brand
WHERE i.incident_id::VARCHAR = $incident
