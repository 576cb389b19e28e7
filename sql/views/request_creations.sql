-- When was each request in the CMMS? By the first word of whoever delivers it, or of the CMMS itself. Over: the pipeline closed or withdrew
-- it, so that from then on nobody waits. NULL for what did not happen.
CREATE OR REPLACE VIEW request_creations
(
    plant    LowCardinality(String)         COMMENT 'Plant',
    line     LowCardinality(String)         COMMENT 'Line of the plant',
    asset    LowCardinality(String)         COMMENT 'Asset of the line',
    id       String                         COMMENT 'Request',
    since    DateTime64(6, 'UTC')           COMMENT 'When the problem began to show',
    appended DateTime64(6, 'UTC')           COMMENT 'Append time of the message that decided it',
    created  Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was first known to be in the CMMS',
    over     Nullable(DateTime64(6, 'UTC')) COMMENT 'Append time of the message that closed or withdrew it'
)
AS
WITH
    known AS
    (
        SELECT id, min(told.time) AS time
        FROM
        (
            SELECT id, since AS time FROM deliveries FINAL WHERE lane = 'requests' AND state = 'settled'
            UNION ALL
            SELECT id, time FROM request_statuses
        ) AS told
        GROUP BY id
    )
SELECT
    history.plant AS plant, history.line AS line, history.asset AS asset, history.id AS id, min(history.since) AS since,
    minIf(history.appended, history.revision = 1) AS appended,
    any(if(known.id = '', NULL, known.time)) AS created,
    minOrNullIf(history.appended, history.action IN ('withdraw', 'close')) AS over
FROM request_history AS history
LEFT JOIN known ON history.id = known.id
GROUP BY plant, line, asset, id
HAVING countIf(history.revision = 1) > 0
COMMENT 'Requests with the time at which each was in the CMMS';
