-- Base tables. Keys are kept by MERGE (the subset of SQL that DuckLake runs too): no primary keys, enums or indexes.
CREATE TABLE mentions (
    mention_id UUID NOT NULL,            -- uuid5 of (source, native_id)
    source VARCHAR NOT NULL,
    native_id VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    property VARCHAR NOT NULL,           -- own, addressed, independent
    visibility VARCHAR NOT NULL,         -- public, private
    is_own BOOLEAN NOT NULL,
    is_automatic BOOLEAN NOT NULL,
    brand VARCHAR,                       -- as the source knows it
    author_id VARCHAR,                   -- pseudonym
    author_followers BIGINT,
    text VARCHAR NOT NULL,               -- redacted
    "references" VARCHAR,                -- JSON [{"type","value"}]; care only, never in a snapshot
    language VARCHAR,                    -- as the platform says
    url VARCHAR,
    thread_id VARCHAR,
    in_reply_to VARCHAR,
    rating DOUBLE,
    engagement BIGINT,
    reach BIGINT,
    media VARCHAR,                       -- JSON [{"type","url","alt"}]
    published_at TIMESTAMPTZ,
    time_note VARCHAR,                   -- why published_at is null
    observed_at TIMESTAMPTZ,
    ingested_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ,
    content_hash VARCHAR NOT NULL        -- of everything above but ingested_at: ties on observed_at go to the greater
);

CREATE TABLE enrichments (
    mention_id UUID NOT NULL,
    model VARCHAR NOT NULL,              -- name@version; key is (mention_id, model)
    text_hash VARCHAR NOT NULL,          -- which text was scored
    language VARCHAR,                    -- ISO 639-1, null when unknown
    sentiment VARCHAR NOT NULL,          -- negative, neutral, positive, unknown
    unknown_reason VARCHAR,              -- empty, image_only, language, low_confidence, not_scored
    p_negative DOUBLE,
    p_neutral DOUBLE,
    p_positive DOUBLE,
    intents VARCHAR[] NOT NULL,          -- labels above their thresholds
    intent_scores VARCHAR,               -- JSON {label: p}
    topics VARCHAR[] NOT NULL,           -- contact reasons
    brands VARCHAR[] NOT NULL,           -- brand keys that the text or the source names
    brand_sentiments VARCHAR,            -- JSON {brand: sentiment} where it differs by brand
    entities VARCHAR,                    -- JSON [{"text","label"}]
    enriched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE quarantine (
    source VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    file_id VARCHAR NOT NULL,            -- hash of the file's bytes or the window key; key is (source, file_id, line, reason)
    line BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    quarantined_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE loads (                     -- row accounting: rows_in = stored + unchanged + quarantined
    source VARCHAR NOT NULL,
    file_id VARCHAR NOT NULL,            -- key is (source, file_id)
    file VARCHAR NOT NULL,
    rows_in BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    loaded_at TIMESTAMPTZ NOT NULL,
    content_hash VARCHAR,                -- of the landed files: the same again needs no load
    models VARCHAR                       -- JSON {name@version: hash of its landed file}
);

CREATE TABLE alerts (
    alert_id UUID NOT NULL,              -- uuid5 of (detector, brand, signal, onset_at)
    detector VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    brand VARCHAR NOT NULL,
    tier VARCHAR NOT NULL,               -- page, watch
    state VARCHAR NOT NULL,              -- onset, escalated, resolved: moves forward only
    severity INTEGER NOT NULL,           -- 1 to 10
    onset_at TIMESTAMPTZ NOT NULL,
    fired_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ,
    window_minutes INTEGER NOT NULL,
    observed DOUBLE NOT NULL,
    expected DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    summary VARCHAR NOT NULL,
    drivers VARCHAR NOT NULL,            -- JSON [{"kind","name","observed","expected","excess"}]
    example_ids UUID[] NOT NULL
);

CREATE TABLE expectations (              -- what the detectors expected; rebuilt by detect
    brand VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    bucket_at TIMESTAMPTZ NOT NULL,
    observed DOUBLE,
    expected DOUBLE,
    low DOUBLE,
    high DOUBLE,
    is_outside BOOLEAN NOT NULL
);

CREATE TABLE arming (                    -- is a series able to raise alerts yet?
    brand VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    state VARCHAR NOT NULL,              -- armed, arming, no_data
    first_at TIMESTAMPTZ,                -- first mention
    armed_at TIMESTAMPTZ,                -- from when alerts are possible
    note VARCHAR NOT NULL                -- one sentence for the page
);

CREATE TABLE deliveries (                -- the outbox: key is (alert_id, notifier, alert_state)
    alert_id UUID NOT NULL,
    notifier VARCHAR NOT NULL,
    alert_state VARCHAR NOT NULL,
    delivery_key VARCHAR NOT NULL,       -- what the receiver deduplicates by
    status VARCHAR NOT NULL,             -- pending, sent, failed
    attempt_count INTEGER NOT NULL,
    last_error VARCHAR,
    created_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ
);

CREATE TABLE actions (                   -- what people did on the pages; key is action_id
    action_id VARCHAR NOT NULL,
    alert_id UUID,
    mention_id UUID,
    verb VARCHAR NOT NULL,               -- acknowledge, snooze, assign, false_alarm, correct_label, note
    actor VARCHAR NOT NULL,
    value VARCHAR,
    acted_at TIMESTAMPTZ NOT NULL
);
