-- What did people answer to what each rule said? One row per anomaly (of a detector) or incident (of a pattern) with an answer. What
-- counts is defined here alone. The latest feedback on an anomaly counts; without any, the latest answer of the CMMS to a request that
-- rests on it: `completed` and `closed` confirm it, `rejected` and `cancelled` call it false, unless the request was withdrawn: then
-- the CMMS cancelled what nobody wanted any more.
CREATE OR REPLACE VIEW rule_answers
(
    plant   LowCardinality(String) COMMENT 'Plant',
    line    LowCardinality(String) COMMENT 'Line of the plant',
    asset   LowCardinality(String) COMMENT 'Asset of the line',
    rule    LowCardinality(String) COMMENT 'Detector or pattern',
    id      String                 COMMENT 'Anomaly of the detector, or incident of the pattern',
    verdict LowCardinality(String) COMMENT 'confirmed or false',
    source  LowCardinality(String) COMMENT 'feedback of a person, or the request in the CMMS',
    time    DateTime64(6, 'UTC')   COMMENT 'When it was answered',
    who     String                 COMMENT 'Who answered, as far as the answer says',
    reason  String                 COMMENT 'Why, in words; empty if nobody said'
)
AS
WITH
    -- A person may name the anomaly alone: its rule is in the table of anomalies.
    said AS
    (
        SELECT fact.plant AS plant, fact.line AS line, fact.asset AS asset, fact.id AS id, any(fact.rule) AS rule
        FROM anomalies AS fact
        GROUP BY plant, line, asset, id
    ),
    feedback AS
    (
        SELECT
            fact.plant AS plant, fact.line AS line, fact.asset AS asset, fact.anomaly AS id, fact.rule AS rule, 'feedback' AS source,
            toString(fact.cause) AS verdict, fact.time AS time, fact.sequence AS sequence, toString(fact.who) AS who, fact.reason AS reason
        FROM alarms AS fact FINAL
        LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
        WHERE fact.cause IN ('confirmed', 'false') AND fact.anomaly != ''
          AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
    ),
    closed AS
    (
        SELECT
            request.plant AS plant, request.line AS line, request.asset AS asset, request.anomalies AS anomalies,
            request.incidents AS incidents, if(statuses.status IN ('completed', 'closed'), 'confirmed', 'false') AS verdict,
            statuses.time AS time, statuses.sequence AS sequence, toString(statuses.system) AS who, statuses.note AS reason
        FROM request_statuses AS statuses
        INNER JOIN current_requests AS request ON statuses.id = request.id
        WHERE statuses.status IN ('completed', 'closed')
          OR (statuses.status IN ('rejected', 'cancelled') AND request.action != 'withdraw')
    ),
    given AS
    (
        SELECT plant, line, asset, id, rule, source, verdict, time, sequence, who, reason FROM feedback
        UNION ALL
        SELECT
            closed.plant, closed.line, closed.asset, arrayJoin(closed.anomalies), '', 'request',
            closed.verdict, closed.time, closed.sequence, closed.who, closed.reason
        FROM closed
        UNION ALL
        -- Detectors that a trigger names have incidents too: those are counted by their anomalies.
        SELECT
            pattern.plant, pattern.line, pattern.asset, pattern.id, pattern.rule, 'request',
            answered.verdict, answered.time, answered.sequence, answered.who, answered.reason
        FROM (SELECT *, arrayJoin(closed.incidents) AS incident FROM closed) AS answered
        INNER JOIN
        (
            SELECT fact.plant AS plant, fact.line AS line, fact.asset AS asset, fact.id AS id, any(toString(fact.rule)) AS rule
            FROM incidents AS fact
            WHERE fact.rule NOT IN (SELECT rule FROM anomalies)
            GROUP BY plant, line, asset, id
        ) AS pattern
        ON answered.plant = pattern.plant AND answered.line = pattern.line AND answered.asset = pattern.asset
           AND answered.incident = pattern.id
    )
SELECT
    given.plant AS plant, given.line AS line, given.asset AS asset,
    if(said.rule != '', toString(said.rule), given.rule) AS rule,
    given.id AS id, given.verdict AS verdict, given.source AS source, given.time AS time, given.who AS who, given.reason AS reason
FROM given
LEFT JOIN said ON given.plant = said.plant AND given.line = said.line AND given.asset = said.asset AND given.id = said.id
WHERE rule != ''
ORDER BY given.source = 'feedback' DESC, given.time DESC, given.sequence DESC
LIMIT 1 BY plant, line, asset, id
COMMENT 'Answers of people to anomalies and incidents, one each: confirmed or false, and why';
