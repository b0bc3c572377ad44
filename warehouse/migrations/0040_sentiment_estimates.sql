-- How sentiment really divides, as far as the model's errors allow to say: see pipelines/estimates.py. Rewritten whole.
CREATE TABLE sentiment_estimates (
    brand VARCHAR NOT NULL,              -- key is (brand, sentiment)
    sentiment VARCHAR NOT NULL,          -- negative, neutral, positive
    counted_rate DOUBLE NOT NULL,        -- share of the labels
    estimated_rate DOUBLE NOT NULL,
    low_rate DOUBLE NOT NULL,            -- 95 % interval of estimated_rate
    high_rate DOUBLE NOT NULL,
    mention_count INTEGER NOT NULL,      -- that name this brand alone and have a sentiment
    since_at TIMESTAMPTZ NOT NULL,
    until_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE estimate_state (            -- at most one row: the marts' fingerprint when the estimates were computed
    fingerprint VARCHAR NOT NULL
);
