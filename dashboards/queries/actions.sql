-- What people did about an incident, oldest first.
SELECT a.action_id, a.verb, a.actor, a.value, a.acted_at, coalesce(a.via, '') AS via
FROM actions AS a
LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
WHERE coalesce(m.incident_id, a.alert_id)::VARCHAR = $incident
ORDER BY a.acted_at, a.action_id
