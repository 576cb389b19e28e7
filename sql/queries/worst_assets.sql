-- Which assets had the most anomalies in the last 30 days of data, and how many of them still stand?
SELECT
    plant, line, asset,
    uniqExact(id)                         AS anomalies,
    uniqExactIf(id, phase != 'cleared')   AS standing,
    argMax(reason, time)                  AS latest
FROM anomalies_now
WHERE time > (SELECT max(time) - INTERVAL 30 DAY FROM anomalies)
GROUP BY plant, line, asset
ORDER BY standing DESC, anomalies DESC, plant, line, asset
LIMIT 20;
