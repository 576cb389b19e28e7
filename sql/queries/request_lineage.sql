-- What does this request rest on? Its revisions, incidents, anomalies, windows, readings, waveforms, order and product.
-- group: requests
-- id : the request
-- readings = 20 : so many readings of each signal, the latest
WITH
    own AS (SELECT * FROM request_history FINAL WHERE id = {id:String}),
    anomaly_ids AS (SELECT DISTINCT arrayJoin(anomalies) AS id FROM own),
    grounds AS (SELECT * FROM anomalies FINAL WHERE id IN (SELECT id FROM anomaly_ids)),
    (SELECT min(since) - INTERVAL 10 MINUTE FROM grounds) AS begin,
    (SELECT max(time) FROM grounds) AS finish
SELECT kind, time, id, name, value, text, stream, run, sequence
FROM
(
    SELECT 1 AS place, 'request' AS kind, time, concat(id, '.', toString(revision)) AS id, toString(action) AS name,
           CAST(NULL, 'Nullable(Float64)') AS value, title AS text, stream, run, sequence
    FROM own
    UNION ALL
    SELECT 2, 'order', start, id, toString(kind), quantity, concat(`order`, ' · ', product, ' · due ', ifNull(toString(due), 'unknown')), stream, run, sequence
    FROM schedule FINAL
    WHERE (plant, line) IN (SELECT plant, line FROM own) AND `order` != '' AND `order` IN (SELECT `order` FROM own)
    UNION ALL
    SELECT 3, 'incident', time, id, toString(rule), NULL, concat(severity, ' · ', failure_mode, ' · order ', `order`, ' · ', product), stream, run, sequence
    FROM incidents FINAL
    WHERE id IN (SELECT arrayJoin(incidents) FROM own)
    UNION ALL
    SELECT 4, 'anomaly', time, concat(id, '.', toString(revision)), concat(rule, ' ', phase), value, reason, stream, run, sequence
    FROM grounds
    UNION ALL
    SELECT 5, 'window', start, toString(`window`), toString(signal), mean, concat('to ', toString(`end`), ' · ', toString(count), ' readings · greatest ', toString(max)), stream, run, sequence
    FROM windows FINAL
    WHERE (plant, line, asset, signal) IN (SELECT plant, line, asset, signal FROM grounds)
      AND start <= finish AND `end` >= begin AND version > 0
    UNION ALL
    SELECT 6, 'reading', time, '', toString(signal), value, toString(text), stream, run, sequence
    FROM
    (
        SELECT time, signal, value, text, stream, run, sequence
        FROM readings
        WHERE (plant, line, asset, signal) IN (SELECT plant, line, asset, signal FROM grounds)
          AND time BETWEEN begin AND finish
        ORDER BY time DESC
        LIMIT {readings:UInt32} BY signal
    )
    UNION ALL
    SELECT 7, 'features', time, '', toString(point), NULL, toString(`values`), stream, run, sequence
    FROM features
    WHERE (plant, line, asset) IN (SELECT plant, line, asset FROM own) AND time BETWEEN begin AND finish
    UNION ALL
    SELECT 8, 'waveform', time, '', toString(point), rate, concat(toString(length(samples)), ' samples · ', unit), stream, run, sequence
    FROM waveforms
    WHERE (plant, line, asset) IN (SELECT plant, line, asset FROM own) AND time BETWEEN begin AND finish
)
WHERE (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
ORDER BY place, time, name, id;
