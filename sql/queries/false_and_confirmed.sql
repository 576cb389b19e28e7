-- Which detectors are trusted: how many of their alarms did people confirm, and how many were false?
-- group: alarms
-- plant = : this plant; all if empty
SELECT
    rule, plant,
    uniqExactIf(anomaly, cause = 'confirmed') AS confirmed,
    uniqExactIf(anomaly, cause = 'false')     AS false_alarms,
    round(confirmed / nullIf(confirmed + false_alarms, 0), 3) AS precision
FROM alarms FINAL
WHERE cause IN ('confirmed', 'false') AND ({plant:String} = '' OR plant = {plant:String})
  AND (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
GROUP BY rule, plant
ORDER BY false_alarms DESC, confirmed DESC, rule, plant;
