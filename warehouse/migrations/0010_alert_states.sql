-- Every state an alert has been in, in order: the outbox sends one message for each, the crisis page shows what happened.
CREATE TABLE alert_states (              -- key is (alert_id, position); rows are only ever added
    alert_id UUID NOT NULL,
    position INTEGER NOT NULL,           -- 0, 1, 2 ... within the alert
    state VARCHAR NOT NULL,              -- onset, escalated, resolved
    tier VARCHAR NOT NULL,               -- page, watch
    severity INTEGER NOT NULL,           -- 1 to 10
    reached_at TIMESTAMPTZ NOT NULL,     -- end of the bucket that gave it away
    window_minutes INTEGER NOT NULL,
    observed DOUBLE NOT NULL,
    expected DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    summary VARCHAR NOT NULL
);
