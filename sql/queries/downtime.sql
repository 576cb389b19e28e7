-- When did machines not run, for how long, and why? The longest unplanned stops first.
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- days = 7 : so many days up to the newest in the data
-- limit = 50 : so many rows
SELECT
    plant, line, asset, `from`, `to`,
    round(seconds / 60, 1)           AS minutes,
    round(unplanned_seconds / 60, 1) AS unplanned_minutes,
    cause, planned, states, `order`, request, failure_mode
FROM downtime
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String}) AND ({asset:String} = '' OR asset = {asset:String})
  AND `from` > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
ORDER BY unplanned_seconds DESC, `from`
LIMIT {limit:UInt32};
