-- What a person did: the same action is stored once.
MERGE INTO actions USING (
    SELECT
        $action_id AS action_id, $alert_id::UUID AS alert_id, $mention_id::UUID AS mention_id, $verb AS verb,
        $actor AS actor, $value AS value, $acted_at::TIMESTAMPTZ AS acted_at, $via AS via
) AS incoming ON actions.action_id = incoming.action_id
WHEN NOT MATCHED THEN INSERT (action_id, alert_id, mention_id, verb, actor, value, acted_at, via)
VALUES (
    incoming.action_id, incoming.alert_id, incoming.mention_id, incoming.verb, incoming.actor, incoming.value,
    incoming.acted_at, incoming.via
)
