-- What is the whole story of this request, in the order of the log: from the reading to the posted cost?
-- group: requests
-- id : the request
-- readings = 20 : so many readings of each signal, the latest before its first revision
WITH
    own AS (SELECT * FROM request_history FINAL WHERE id = {id:String}),
    anomaly_ids AS (SELECT DISTINCT arrayJoin(anomalies) AS id FROM own),
    grounds AS (SELECT * FROM anomalies FINAL WHERE id IN (SELECT id FROM anomaly_ids)),
    (SELECT min(since) - INTERVAL 10 MINUTE FROM grounds) AS begin,
    (SELECT min(appended) FROM own) AS decided
SELECT appended, time, kind, name, text, object, stream, run, sequence
FROM
(
    SELECT 1 AS place, 0 AS position, appended, time, 'reading' AS kind, toString(signal) AS name,
           if(text = '', toString(value), text) AS text, '' AS object, stream, run, sequence
    FROM
    (
        SELECT appended, time, signal, value, text, stream, run, sequence
        FROM readings
        WHERE (plant, line, asset, signal) IN (SELECT plant, line, asset, signal FROM grounds)
          AND time >= begin AND appended <= decided
        ORDER BY time DESC
        LIMIT {readings:UInt32} BY signal
    )
    UNION ALL
    SELECT 2, 0, appended, time, 'anomaly', concat(rule, ' ', phase), reason, id, stream, run, sequence
    FROM grounds
    UNION ALL
    SELECT 3, 0, appended, time, 'incident', toString(rule), concat(severity, ' · ', failure_mode), id, stream, run, sequence
    FROM incidents FINAL
    WHERE id IN (SELECT arrayJoin(incidents) FROM own)
    UNION ALL
    SELECT 4, revision, appended, time, 'request', concat(toString(revision), ' ', action), concat(priority, ' · ', title), id, stream, run, sequence
    FROM own
    UNION ALL
    SELECT 5, 0, appended, time, 'status', JSONExtractString(data, 'status'), concat(system, ' ', JSONExtractString(data, 'note')), '', stream, run, sequence
    FROM machine_events FINAL
    WHERE (plant, line, asset) IN (SELECT plant, line, asset FROM own)
      AND type = 'request' AND JSONExtractString(data, 'id') = {id:String}
    UNION ALL
    SELECT 6, position, appended, time, 'step', concat(if(step = '', workflow, step), ' ', state),
           concat(because, if(remote_state = '', '', concat(' · ', system, ' says ', remote_state)), if(`values` IN ('', '{}'), '', concat(' · ', `values`))),
           remote, stream, run, sequence
    FROM workflow_steps FINAL
    WHERE request = {id:String}
    UNION ALL
    SELECT 7, n, appended, time, 'command', concat(step, ' ', system, '.', verb), concat(mode, if(undoes = '', '', concat(' · undoes ', undoes)), ' · ', because),
           id, stream, run, sequence
    FROM commands FINAL
    WHERE request = {id:String}
    UNION ALL
    SELECT 8, 0, appended, time, 'answer', concat(system, ' ', JSONExtractString(data, 'verb'), ' ', JSONExtractString(data, 'outcome')),
           concat(JSONExtractString(data, 'state'), ' ', JSONExtractString(data, 'note')), JSONExtractString(data, 'remote'), stream, run, sequence
    FROM machine_events FINAL
    WHERE (plant, line, asset) IN (SELECT plant, line, asset FROM commands WHERE request = {id:String})
      AND type = 'command' AND kind = 'status' AND JSONExtractString(data, 'request') = {id:String}
    UNION ALL
    -- Behind all else that came in the message that said it.
    SELECT 9, 0, cost.time, cost.time, 'cost', concat(kind, ' ', basis), concat(toString(amount), if(what = '', '', concat(' · ', what))),
           object, '', '', 18446744073709551615
    FROM work_costs AS cost
    WHERE request = {id:String}
)
WHERE (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
ORDER BY appended, sequence, place, position, name;
