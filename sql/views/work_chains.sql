-- Is the chain of each work whole, from the reading to the cost? One row per request that was completed in the CMMS. Read: readings or
-- vibration features of the machine lie in the hour in which each anomaly began. Evident: each anomaly and incident that the request
-- names is here. Costed: a system took material or hours of it (`consume`, `book-hours`, `confirm-service`).
CREATE OR REPLACE VIEW work_chains
(
    plant     LowCardinality(String) COMMENT 'Plant',
    line      LowCardinality(String) COMMENT 'Line of the plant',
    asset     LowCardinality(String) COMMENT 'Asset of the line',
    request   String                 COMMENT 'Request',
    completed DateTime64(6, 'UTC')   COMMENT 'When it was done',
    read      Bool                   COMMENT 'Readings or features are there for each of its anomalies',
    evident   Bool                   COMMENT 'Each anomaly and incident that it names is there',
    closed    Bool                   COMMENT 'It was closed in the CMMS',
    costed    Bool                   COMMENT 'Material or hours were posted',
    attributed Bool                  COMMENT 'A command that was done named its cost centre',
    whole     Bool                   COMMENT 'Read, evident, closed and costed'
)
AS
WITH
    hours AS
    (
        SELECT plant, line, asset, toStartOfHour(hour) AS hour FROM readings_1h GROUP BY ALL
        UNION DISTINCT
        SELECT plant, line, asset, toStartOfHour(toDateTime(time, 'UTC')) AS hour FROM features GROUP BY ALL
    ),
    begun AS
    (
        SELECT plant, line, asset, id, min(since) AS since FROM anomalies GROUP BY plant, line, asset, id
    ),
    found AS
    (
        SELECT plant, line, asset, id, hour != toDateTime(0, 'UTC') AS read
        FROM (SELECT *, toStartOfHour(toDateTime(since, 'UTC')) AS since_hour FROM begun) AS anomaly
        LEFT JOIN hours
          ON anomaly.plant = hours.plant AND anomaly.line = hours.line AND anomaly.asset = hours.asset
             AND anomaly.since_hour = hours.hour
    ),
    evidence AS
    (
        SELECT
            named.id AS id, countIf(found.id != '') = count() AS evident, countIf(found.read) = count() AS read
        FROM (SELECT plant, line, asset, id, arrayJoin(anomalies) AS anomaly FROM current_requests) AS named
        LEFT JOIN found
          ON named.plant = found.plant AND named.line = found.line AND named.asset = found.asset AND named.anomaly = found.id
        GROUP BY id
    ),
    patterns AS
    (
        SELECT named.id AS id, countIf(incident.id != '') = count() AS evident
        FROM (SELECT plant, line, asset, id, arrayJoin(incidents) AS incident FROM current_requests) AS named
        LEFT JOIN (SELECT plant, line, asset, id FROM incidents GROUP BY ALL) AS incident
          ON named.plant = incident.plant AND named.line = incident.line AND named.asset = incident.asset
             AND named.incident = incident.id
        GROUP BY id
    ),
    costs AS
    (
        SELECT
            command.request AS request,
            countIf(command.verb IN ('consume', 'book-hours', 'confirm-service')) > 0 AS costed,
            countIf(JSONExtractString(command.payload, 'cost_center') != '') > 0 AS attributed
        FROM command_times AS command
        WHERE command.undoes = '' AND command.outcome = 'done'
        GROUP BY request
    )
SELECT
    work.plant AS plant, work.line AS line, work.asset AS asset, work.request AS request,
    assumeNotNull(coalesce(work.done, work.posted)) AS completed,
    CAST(ifNull(evidence.read, 0), 'Bool') AS read,
    CAST(evidence.evident AND (patterns.id = '' OR patterns.evident), 'Bool') AS evident,
    CAST(work.posted IS NOT NULL, 'Bool') AS closed,
    CAST(costs.costed, 'Bool') AS costed,
    CAST(costs.attributed, 'Bool') AS attributed,
    CAST(read AND evident AND closed AND costed, 'Bool') AS whole
FROM hand_offs AS work
LEFT JOIN evidence ON work.request = evidence.id
LEFT JOIN patterns ON work.request = patterns.id
LEFT JOIN costs ON work.request = costs.request
WHERE work.done IS NOT NULL OR work.posted IS NOT NULL
COMMENT 'Works that were done, and whether each can be followed from the reading to the cost';
