-- Are there requests that rest on nothing, or on incidents or anomalies that are not here?
SELECT
    id, run, revision,
    arrayFilter(each -> each NOT IN (SELECT id FROM incidents), incidents) AS missing_incidents,
    arrayFilter(each -> each NOT IN (SELECT id FROM anomalies), anomalies) AS missing_anomalies
FROM current_requests
WHERE (empty(incidents) AND empty(anomalies)) OR notEmpty(missing_incidents) OR notEmpty(missing_anomalies)
ORDER BY id;
