-- What was each machine doing, from when to when, and what was planned then?
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- days = 1 : so many days up to the newest in the data
SELECT plant, line, asset, `from`, `to`, round(seconds / 60, 1) AS minutes, state, kind, `order`, product, planned
FROM machine_timeline
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String}) AND ({asset:String} = '' OR asset = {asset:String})
  AND `to` > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
ORDER BY plant, line, asset, `from`;
