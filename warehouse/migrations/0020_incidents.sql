-- Incidents: alerts on one brand that overlap are told as one. An incident has the id of its first alert.
CREATE TABLE incident_alerts (           -- which incident an alert belongs to; key is alert_id
    alert_id UUID NOT NULL,
    incident_id UUID NOT NULL,
    state_count INTEGER NOT NULL         -- states of the alert that the incident has taken in
);

CREATE TABLE incident_states (           -- what is told; key is (incident_id, position), rows are only ever added
    incident_id UUID NOT NULL,
    position INTEGER NOT NULL,           -- 0, 1, 2 ... within the incident
    state VARCHAR NOT NULL,              -- onset, escalated, resolved: moves forward only
    tier VARCHAR NOT NULL,               -- page, watch
    severity INTEGER NOT NULL,           -- 1 to 10: the worst so far
    reached_at TIMESTAMPTZ NOT NULL,
    alert_id UUID NOT NULL,              -- the alert whose state gave rise to it ...
    alert_position INTEGER NOT NULL      -- ... and which of its states that was
);

CREATE VIEW incidents AS                 -- one row an incident, as it stands; longevity is resolved_at - onset_at
WITH told AS (
    SELECT
        incident_id,
        arg_max(state, position) AS state,
        arg_max(tier, position) AS tier,
        max(severity) AS severity,
        min(reached_at) AS fired_at,
        max(reached_at) FILTER (WHERE state = 'resolved') AS resolved_at
    FROM incident_states
    GROUP BY incident_id
),
members AS (
    SELECT m.incident_id, any_value(a.brand) AS brand, min(a.onset_at) AS onset_at, count(*)::INTEGER AS alert_count
    FROM incident_alerts AS m
    INNER JOIN alerts AS a ON a.alert_id = m.alert_id
    GROUP BY m.incident_id
)
SELECT
    t.incident_id, m.brand, t.state, t.tier, t.severity, m.onset_at, t.fired_at, t.resolved_at, m.alert_count
FROM told AS t
INNER JOIN members AS m ON m.incident_id = t.incident_id;

ALTER TABLE actions ADD COLUMN via VARCHAR;  -- page, cli, airflow, or link and the notifier that carried it

CREATE TABLE approvals (                 -- who let a message out to people outside; key is delivery_key
    delivery_key VARCHAR NOT NULL,
    incident_id UUID NOT NULL,
    notifiers VARCHAR NOT NULL,          -- whom it goes to, with commas
    asked_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,         -- when the default is taken
    default_choice VARCHAR NOT NULL,     -- approve (a page), reject (a watch)
    choice VARCHAR,                      -- approve, reject; null: waits
    decided_by VARCHAR,                  -- a person's name; null where the time ran out
    decided_at TIMESTAMPTZ,
    is_timeout BOOLEAN NOT NULL
);

CREATE VIEW brand_verdicts AS            -- what people say about incidents afterwards: how many were false, how many real
WITH judged AS (
    SELECT coalesce(m.incident_id, a.alert_id) AS incident_id, arg_max(a.value, (a.acted_at, a.action_id)) AS verdict
    FROM actions AS a
    LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
    WHERE a.verb = 'verdict' AND a.value IN ('false', 'real') AND a.alert_id IS NOT NULL
    GROUP BY 1
)
SELECT
    i.brand, i.tier,
    (count(*) FILTER (WHERE j.verdict = 'false'))::INTEGER AS false_count,
    (count(*) FILTER (WHERE j.verdict = 'real'))::INTEGER AS real_count
FROM judged AS j
INNER JOIN incidents AS i ON i.incident_id = j.incident_id
GROUP BY i.brand, i.tier;
