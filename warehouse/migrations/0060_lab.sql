-- The Alert Lab: what `earshot backtest --keep` found, as the pages show it. Counts, so that whoever reads can give intervals.
CREATE TABLE backtests (                 -- key is (data, rule, page_every_days, slice, is_newest)
    data VARCHAR NOT NULL,               -- crises (bundled, simulated), history (what the warehouse holds)
    rule VARCHAR NOT NULL,               -- a stanza of earshot.toml, or a vendor's rule
    role VARCHAR NOT NULL,               -- configured, shadow, vendor; budget: the first detector under another budget
    says VARCHAR NOT NULL,               -- the rule in words
    page_every_days INTEGER,             -- the alert budget; null where a rule has none
    threshold VARCHAR,                   -- how rare a surge must be on a new brand to be paged under it, in words
    slice VARCHAR NOT NULL,              -- all, a kind of crisis, or a brand
    brand_count INTEGER NOT NULL,
    days DOUBLE NOT NULL,                -- watched, each brand
    crisis_count INTEGER NOT NULL,       -- of history: incidents that somebody has called real
    found_count INTEGER NOT NULL,        -- of these, with an alert between onset and end
    paged_count INTEGER NOT NULL,        -- of these, with a page
    delays INTEGER[] NOT NULL,           -- minutes from the onset to the alert, one for each that was found
    alert_count INTEGER NOT NULL,
    page_count INTEGER NOT NULL,
    true_count INTEGER NOT NULL,         -- alerts about a crisis
    false_count INTEGER NOT NULL,        -- about none; of history: about an incident that was called a false alarm
    false_page_count INTEGER NOT NULL,
    since_at TIMESTAMPTZ NOT NULL,
    until_at TIMESTAMPTZ NOT NULL,
    is_newest BOOLEAN NOT NULL,          -- false: of crises, the last figures that were different
    kept_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE backtest_alerts (           -- what each rule would have raised on the history; replaced with it
    rule VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    brand VARCHAR NOT NULL,
    tier VARCHAR NOT NULL,               -- page, watch: the highest it reached; a vendor's rule knows pages only
    severity INTEGER NOT NULL,           -- 0 where a rule has none
    onset_at TIMESTAMPTZ NOT NULL,
    fired_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ
);

-- What verdicts have made of the alert budget; replaced by detect. Key is (brand, tier).
CREATE TABLE alert_budgets (
    brand VARCHAR NOT NULL,
    tier VARCHAR NOT NULL,               -- page, watch
    every_days INTEGER NOT NULL,         -- the budget as it is set
    stretched_days INTEGER NOT NULL,     -- as it is kept to now
    false_count INTEGER NOT NULL,        -- incidents of the last 180 days that were called false alarms ...
    judged_count INTEGER NOT NULL,       -- ... and that were judged at all
    allowed DOUBLE NOT NULL,             -- false alarms that the budget allows in the days that it has been watched
    note VARCHAR NOT NULL                -- one or two sentences for the page
);

ALTER TABLE alerts ADD COLUMN exposed_ids UUID[];       -- the mentions that most people may have seen
ALTER TABLE alerts ADD COLUMN first_id UUID;            -- the first mention of what it is about
ALTER TABLE alerts ADD COLUMN driver_minutes INTEGER;   -- the span that its drivers explain
