-- What did the CMMS say of each request, and when? Statuses that the system itself gave (events of the type `request`).
CREATE OR REPLACE VIEW request_statuses
(
    id       String                 COMMENT 'Request',
    status   String                 COMMENT 'requested, accepted, scheduled, started, completed, closed, rejected or cancelled',
    time     DateTime64(6, 'UTC')   COMMENT 'When it became so',
    sequence UInt64                 COMMENT 'Message of the stream that said it',
    system   LowCardinality(String) COMMENT 'System that said it',
    note     String                 COMMENT 'What it said beside it'
)
AS
SELECT
    JSONExtractString(fact.data, 'id') AS id, JSONExtractString(fact.data, 'status') AS status, fact.time AS time,
    fact.sequence AS sequence, fact.system AS system, JSONExtractString(fact.data, 'note') AS note
FROM machine_events AS fact FINAL
LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
WHERE fact.type = 'request' AND fact.kind = 'status'
  AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
COMMENT 'Statuses of requests in the CMMS';
