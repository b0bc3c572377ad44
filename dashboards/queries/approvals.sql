-- Messages of an incident to people outside: who let them out, or until when they wait.
SELECT delivery_key, notifiers, asked_at, due_at, default_choice, choice, decided_by, decided_at, is_timeout
FROM approvals
WHERE incident_id::VARCHAR = $incident
ORDER BY asked_at, delivery_key
