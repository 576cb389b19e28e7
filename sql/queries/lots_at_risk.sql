-- Which lots were made while an anomaly of their machine stood, by which, and for how long of it?
-- group: requests
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- days = 7 : so many days up to the newest in the data
WITH (SELECT max(time) FROM newest) AS now
SELECT
    plant, line, asset, lot, product, `order`, begun, ended,
    max(severity)                              AS worst,
    arraySort(groupUniqArray(rule))            AS rules,
    min(greatest(begun, since))                AS affected_from,
    round(dateDiff('second', affected_from, max(least(ifNull(ended, now), ifNull(cleared, now)))) / 60, 1) AS affected_minutes
FROM lots_at_risk
WHERE ({plant:String} = '' OR plant = {plant:String})
  AND ({line:String} = '' OR line = {line:String})
  AND ({asset:String} = '' OR asset = {asset:String})
  AND ifNull(ended, now) > now - INTERVAL {days:UInt32} DAY
GROUP BY plant, line, asset, lot, product, `order`, begun, ended
ORDER BY begun DESC, plant, line, asset, lot;
