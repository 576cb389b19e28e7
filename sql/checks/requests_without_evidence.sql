-- Are there requests that rest on nothing, or on incidents or anomalies that are not here? What a person reported rests on that.
SELECT
    id, run, revision,
    arrayFilter(each -> each NOT IN (SELECT id FROM incidents), incidents) AS missing_incidents,
    arrayFilter(each -> each NOT LIKE 'report %' AND each NOT IN (SELECT id FROM anomalies), anomalies) AS missing_anomalies,
    arrayExists(each -> JSONExtractString(each, 'stage') = 'report', JSONExtractArrayRaw(request, 'evidence')) AS reported
FROM current_requests
WHERE (empty(incidents) AND empty(anomalies) AND NOT reported) OR notEmpty(missing_incidents) OR notEmpty(missing_anomalies)
ORDER BY id;
