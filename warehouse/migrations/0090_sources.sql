-- What landing knows of the sources, brought here by `aggregate` (pipelines/standing.py): what could not be read, who answers, what
-- it costs, which windows landed.
CREATE TABLE gaps (                      -- replaced as a whole
    source VARCHAR NOT NULL,
    query VARCHAR NOT NULL,              -- of the source's cursor; '' where it has only one
    start_at TIMESTAMPTZ NOT NULL,
    end_at TIMESTAMPTZ NOT NULL,
    reason VARCHAR NOT NULL,
    missing_count INTEGER,               -- mentions, where the platform tells
    is_fillable BOOLEAN NOT NULL,        -- can the source be asked for it again?
    noticed_at TIMESTAMPTZ NOT NULL,
    filled_at TIMESTAMPTZ                -- null: it is open
);

CREATE TABLE source_states (             -- replaced as a whole; one row a configured source
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    state VARCHAR NOT NULL,              -- bringing, quiet, failing, waiting (never collected), whole (gives nothing new by itself)
    is_continuous BOOLEAN NOT NULL,      -- goes on: whether something is missing can be asked at any time
    began_at TIMESTAMPTZ,                -- first collection
    answered_at TIMESTAMPTZ,             -- last one that did not fail, to the hour below
    brought_at TIMESTAMPTZ,              -- last one that brought a mention
    failing_at TIMESTAMPTZ,              -- since when it fails, and why
    error VARCHAR,
    quiet_after_seconds INTEGER NOT NULL,
    asked_at TIMESTAMPTZ,                -- the full hour up to which this row tells; null where it is not continuous
    price DOUBLE,                        -- of a mention; null: it costs nothing
    budget DOUBLE,                       -- cap of a calendar month; null: none
    spent DOUBLE,                        -- of this month so far
    forecast_low DOUBLE,                 -- at the month's end: nine of ten such months end between
    forecast_high DOUBLE
);

CREATE TABLE source_costs (              -- replaced as a whole; key is (source, day_at)
    source VARCHAR NOT NULL,
    day_at TIMESTAMPTZ NOT NULL,         -- UTC day
    mention_count INTEGER NOT NULL,
    cost DOUBLE NOT NULL                 -- in the currency of the platform's price
);

CREATE TABLE source_windows (            -- key is (source, start_at): five weeks of windows that should have landed by now
    source VARCHAR NOT NULL,
    start_at TIMESTAMPTZ NOT NULL,
    end_at TIMESTAMPTZ NOT NULL,
    has_landed BOOLEAN NOT NULL          -- whole: collected after it had ended
);
