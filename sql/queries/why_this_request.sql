-- Why is there this request? Every anomaly it rests on, from the first breach on.
-- group: requests
-- id : the request
SELECT
    anomaly.since,
    anomaly.time,
    anomaly.phase,
    anomaly.severity,
    anomaly.signal,
    anomaly.value,
    anomaly.limit,
    anomaly.unit,
    anomaly.state,
    anomaly.`order`,
    anomaly.reason
FROM anomalies AS anomaly
WHERE anomaly.id IN (SELECT arrayJoin(anomalies) FROM current_requests WHERE id = {id:String})
ORDER BY anomaly.time, anomaly.id, anomaly.revision;
