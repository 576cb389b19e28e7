-- When did each system first say what of the object of a command? One row per command and word, by events of the type `command` that
-- the system itself gave. A word that came again keeps its first time.
CREATE OR REPLACE VIEW command_states
(
    system LowCardinality(String) COMMENT 'System that said it',
    id     String                 COMMENT 'Command',
    state  String                 COMMENT 'Its word on the object',
    since  DateTime64(6, 'UTC')   COMMENT 'When it first was so',
    data   String                 COMMENT 'JSON of the event that first said it'
)
AS
SELECT
    fact.system AS system, JSONExtractString(fact.data, 'id') AS id, JSONExtractString(fact.data, 'state') AS state,
    min(fact.time) AS since, argMin(fact.data, fact.sequence) AS data
FROM machine_events AS fact FINAL
LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
WHERE fact.type = 'command' AND fact.kind = 'status' AND JSONExtractString(fact.data, 'state') != ''
  AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
GROUP BY system, id, state
COMMENT 'Words of systems on the objects of commands, each with its first time';
