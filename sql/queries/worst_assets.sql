-- Which machine should I look at first, and why? Open requests, standing anomalies, then all of the time.
-- group: alarms
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 30 : so many days up to the newest in the data
-- limit = 20 : so many rows
SELECT
    anomaly.plant AS plant, anomaly.line AS line, anomaly.asset AS asset,
    countDistinctIf(request.id, request.id != '')          AS open_requests,
    uniqExactIf(anomaly.id, anomaly.phase != 'cleared')    AS standing,
    uniqExact(anomaly.id)                                  AS anomalies,
    argMax(anomaly.reason, anomaly.time)                   AS latest,
    argMax(request.title, request.opened)                  AS request
FROM anomalies_now AS anomaly
LEFT JOIN open_requests AS request
    ON anomaly.plant = request.plant AND anomaly.line = request.line AND anomaly.asset = request.asset
WHERE ({plant:String} = '' OR anomaly.plant = {plant:String}) AND ({line:String} = '' OR anomaly.line = {line:String})
  AND anomaly.time > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
GROUP BY plant, line, asset
ORDER BY open_requests DESC, standing DESC, anomalies DESC, plant, line, asset
LIMIT {limit:UInt32};
