-- The tables of a published snapshot, as the pages meet them; tests/dashboards/test_page_contract.py compares them with a real one.
CREATE TABLE actions (
    action_id VARCHAR, alert_id UUID, mention_id UUID, verb VARCHAR, actor VARCHAR, value VARCHAR,
    acted_at TIMESTAMPTZ, via VARCHAR
);
CREATE TABLE advocate_weekly (
    brand VARCHAR, week_at TIMESTAMPTZ, author_count INTEGER, advocate_count INTEGER,
    detractor_count INTEGER, replied_base INTEGER, replied_recovered INTEGER, unreplied_base INTEGER,
    unreplied_recovered INTEGER
);
CREATE TABLE alert_states (
    alert_id UUID, position INTEGER, state VARCHAR, tier VARCHAR, severity INTEGER,
    reached_at TIMESTAMPTZ, window_minutes INTEGER, observed DOUBLE, expected DOUBLE, low DOUBLE,
    high DOUBLE, summary VARCHAR
);
CREATE TABLE alerts (
    alert_id UUID, detector VARCHAR, signal VARCHAR, brand VARCHAR, tier VARCHAR, state VARCHAR, severity INTEGER,
    onset_at TIMESTAMPTZ, fired_at TIMESTAMPTZ, resolved_at TIMESTAMPTZ,
    window_minutes INTEGER, observed DOUBLE, expected DOUBLE, low DOUBLE, high DOUBLE, summary VARCHAR,
    drivers VARCHAR, example_ids UUID[], exposed_ids UUID[], first_id UUID, driver_minutes INTEGER
);
CREATE TABLE alert_budgets (
    brand VARCHAR, tier VARCHAR, every_days INTEGER, stretched_days INTEGER, false_count INTEGER, judged_count INTEGER,
    allowed DOUBLE, note VARCHAR
);
CREATE TABLE approvals (
    delivery_key VARCHAR, incident_id UUID, notifiers VARCHAR, asked_at TIMESTAMPTZ, due_at TIMESTAMPTZ,
    default_choice VARCHAR, choice VARCHAR, decided_by VARCHAR, decided_at TIMESTAMPTZ, is_timeout BOOLEAN
);
CREATE TABLE arming (
    brand VARCHAR, signal VARCHAR, state VARCHAR, first_at TIMESTAMPTZ,
    armed_at TIMESTAMPTZ, note VARCHAR
);
CREATE TABLE backtest_alerts (
    rule VARCHAR, role VARCHAR, brand VARCHAR, tier VARCHAR, severity INTEGER, onset_at TIMESTAMPTZ, fired_at TIMESTAMPTZ,
    resolved_at TIMESTAMPTZ
);
CREATE TABLE backtests (
    data VARCHAR, rule VARCHAR, role VARCHAR, says VARCHAR, page_every_days INTEGER, threshold VARCHAR, slice VARCHAR,
    brand_count INTEGER, days DOUBLE, crisis_count INTEGER, found_count INTEGER, paged_count INTEGER, delays INTEGER[],
    alert_count INTEGER, page_count INTEGER, true_count INTEGER, false_count INTEGER, false_page_count INTEGER,
    since_at TIMESTAMPTZ, until_at TIMESTAMPTZ, is_newest BOOLEAN, kept_at TIMESTAMPTZ
);
CREATE TABLE brand_15min (
    brand VARCHAR, bucket_at TIMESTAMPTZ, mention_count INTEGER, author_count INTEGER,
    negative_count INTEGER, neutral_count INTEGER, positive_count INTEGER, unknown_count INTEGER,
    unscored_count INTEGER, complaint_count INTEGER, churn_risk_count INTEGER, urgent_count INTEGER,
    needs_response_count INTEGER, repost_count INTEGER
);
CREATE TABLE brand_hourly (
    brand VARCHAR, channel VARCHAR, property VARCHAR, bucket_at TIMESTAMPTZ, mention_count INTEGER,
    author_count INTEGER, negative_count INTEGER, neutral_count INTEGER, positive_count INTEGER,
    unknown_count INTEGER, unscored_count INTEGER, complaint_count INTEGER, churn_risk_count INTEGER,
    urgent_count INTEGER, needs_response_count INTEGER, repost_count INTEGER, engagement BIGINT, reach BIGINT,
    read_count INTEGER, public_count INTEGER, estimated_count DOUBLE, public_estimated_count DOUBLE,
    squared_weight DOUBLE, public_squared_weight DOUBLE
);
CREATE TABLE brands (
    brand VARCHAR, name VARCHAR, is_competitor BOOLEAN
);
CREATE TABLE completeness_hourly (
    source VARCHAR, hour_at TIMESTAMPTZ, received_count INTEGER, estimated_count INTEGER, expected_count DOUBLE,
    low_count INTEGER, high_count INTEGER, window_count INTEGER, landed_count INTEGER, gap_count INTEGER,
    untold_count INTEGER, missing_count INTEGER, complete_rate DOUBLE, reason VARCHAR
);
CREATE TABLE deliveries (
    alert_id UUID, notifier VARCHAR, alert_state VARCHAR, status VARCHAR, attempt_count INTEGER,
    created_at TIMESTAMPTZ, sent_at TIMESTAMPTZ
);
CREATE TABLE driver_hourly (
    brand VARCHAR, bucket_at TIMESTAMPTZ, kind VARCHAR, name VARCHAR, mention_count INTEGER,
    negative_count INTEGER, estimated_count DOUBLE, squared_weight DOUBLE
);
CREATE TABLE expectations (
    brand VARCHAR, signal VARCHAR, bucket_at TIMESTAMPTZ, observed DOUBLE, expected DOUBLE, low DOUBLE,
    high DOUBLE, is_outside BOOLEAN
);
CREATE TABLE gaps (
    source VARCHAR, query VARCHAR, start_at TIMESTAMPTZ, end_at TIMESTAMPTZ, reason VARCHAR, missing_count INTEGER,
    is_fillable BOOLEAN, noticed_at TIMESTAMPTZ, filled_at TIMESTAMPTZ
);
CREATE TABLE incident_alerts (
    alert_id UUID, incident_id UUID, state_count INTEGER
);
CREATE TABLE incidents (
    incident_id UUID, brand VARCHAR, state VARCHAR, tier VARCHAR, severity INTEGER, onset_at TIMESTAMPTZ,
    fired_at TIMESTAMPTZ, resolved_at TIMESTAMPTZ, alert_count INTEGER
);
CREATE TABLE mention_feed (
    mention_id UUID, source VARCHAR, channel VARCHAR, brand VARCHAR, property VARCHAR, kind VARCHAR,
    published_at TIMESTAMPTZ, author_id VARCHAR, is_own BOOLEAN, text VARCHAR, url VARCHAR,
    sentiment VARCHAR, p_negative DOUBLE, intents VARCHAR[], topics VARCHAR[], language VARCHAR, engagement BIGINT,
    reach BIGINT, weight DOUBLE, in_reply_to VARCHAR, thread_id VARCHAR, expires_at TIMESTAMPTZ
);
CREATE TABLE meta (
    version VARCHAR, published_at TIMESTAMPTZ, watermark TIMESTAMPTZ, project_name VARCHAR,
    timezone VARCHAR, is_simulated BOOLEAN, model VARCHAR, first_response_target_seconds INTEGER,
    schema_version INTEGER
);
CREATE TABLE model_health_weekly (
    source VARCHAR, model VARCHAR, week_at TIMESTAMPTZ, mention_count INTEGER, read_count INTEGER, scored_count INTEGER,
    unknown_count INTEGER, language_count INTEGER, low_confidence_count INTEGER, nothing_count INTEGER,
    confidence DOUBLE, confidence_deviation DOUBLE, negative_count INTEGER, neutral_count INTEGER, positive_count INTEGER,
    complaint_count INTEGER, request_count INTEGER, praise_count INTEGER, recommendation_count INTEGER,
    warning_count INTEGER, churn_risk_count INTEGER, purchase_intent_count INTEGER, suggestion_count INTEGER,
    urgent_count INTEGER, irrelevant_count INTEGER, needs_response_count INTEGER, before_weeks INTEGER, mix_distance DOUBLE
);
CREATE TABLE obligation_status (
    source VARCHAR, kind VARCHAR, open_count INTEGER, next_due_at TIMESTAMPTZ, done_count INTEGER, late_count INTEGER,
    last_done_at TIMESTAMPTZ
);
CREATE TABLE response_time_daily (
    brand VARCHAR, channel VARCHAR, day_at TIMESTAMPTZ, inbound_count INTEGER, answered_count INTEGER,
    unanswered_count INTEGER, p50_seconds DOUBLE, p90_seconds DOUBLE
);
CREATE TABLE sentiment_estimates (
    brand VARCHAR, sentiment VARCHAR, counted_rate DOUBLE, estimated_rate DOUBLE, low_rate DOUBLE, high_rate DOUBLE,
    mention_count INTEGER, since_at TIMESTAMPTZ, until_at TIMESTAMPTZ
);
CREATE TABLE share_of_voice_daily (
    brand VARCHAR, day_at TIMESTAMPTZ, channel VARCHAR, mention_count INTEGER, total_count INTEGER
);
CREATE TABLE source_15min (
    source VARCHAR, bucket_at TIMESTAMPTZ, mention_count INTEGER, language_count INTEGER, duplicate_count INTEGER,
    arrived_count INTEGER, late_count INTEGER, rejected_count INTEGER
);
CREATE TABLE source_costs (
    source VARCHAR, day_at TIMESTAMPTZ, mention_count INTEGER, cost DOUBLE
);
CREATE TABLE source_health (
    source VARCHAR, channel VARCHAR, first_published_at TIMESTAMPTZ,
    last_published_at TIMESTAMPTZ, last_observed_at TIMESTAMPTZ, mention_count INTEGER,
    mention_count_24h INTEGER, deleted_count INTEGER, undated_count INTEGER, unknown_count INTEGER,
    quarantined_count BIGINT, rows_in BIGINT, stored BIGINT, unchanged BIGINT, note VARCHAR
);
CREATE TABLE source_overlap (
    channel VARCHAR, first_source VARCHAR, second_source VARCHAR, since_at TIMESTAMPTZ, until_at TIMESTAMPTZ,
    first_count INTEGER, second_count INTEGER, both_count INTEGER
);
CREATE TABLE source_states (
    source VARCHAR, kind VARCHAR, state VARCHAR, is_continuous BOOLEAN, began_at TIMESTAMPTZ, answered_at TIMESTAMPTZ,
    brought_at TIMESTAMPTZ, failing_at TIMESTAMPTZ, error VARCHAR, quiet_after_seconds INTEGER, asked_at TIMESTAMPTZ,
    price DOUBLE, budget DOUBLE, spent DOUBLE, forecast_low DOUBLE, forecast_high DOUBLE
);
CREATE TABLE thread_status (
    thread_id VARCHAR, source VARCHAR, channel VARCHAR, brand VARCHAR, property VARCHAR, first_mention_id UUID,
    opened_at TIMESTAMPTZ, author_id VARCHAR, first_reply_at TIMESTAMPTZ,
    first_response_seconds BIGINT, last_inbound_at TIMESTAMPTZ, last_reply_at TIMESTAMPTZ,
    inbound_count INTEGER, reply_count INTEGER, needs_response BOOLEAN, status VARCHAR, sentiment_first VARCHAR,
    sentiment_last VARCHAR, is_urgent BOOLEAN, expires_at TIMESTAMPTZ, text VARCHAR,
    is_start_known BOOLEAN
);
