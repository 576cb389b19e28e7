-- How did one signal of one asset run, minute by minute, over the last hour of its data?
-- Parameters: plant, line, asset, signal.
SELECT
    toStartOfMinute(time) AS minute,
    count()               AS readings,
    min(value)            AS least,
    avg(value)            AS mean,
    max(value)            AS greatest
FROM readings
WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  AND isFinite(value)
  AND time > (
      SELECT max(time) - INTERVAL 1 HOUR
      FROM readings
      WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  )
GROUP BY minute
ORDER BY minute;
