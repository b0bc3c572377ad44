-- What detectors in shadow mode would have raised. Nothing here is ever sent, shown as an alert, or merged into an incident.
CREATE TABLE shadow_alerts (             -- key is (detector, brand, onset_at); replaced where a replay finds otherwise
    detector VARCHAR NOT NULL,
    brand VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    tier VARCHAR NOT NULL,               -- page, watch: the highest it reached
    severity INTEGER NOT NULL,           -- 1 to 10, at its worst
    onset_at TIMESTAMPTZ NOT NULL,
    fired_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ
);
