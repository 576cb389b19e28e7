-- How did one signal of one machine run, minute by minute, over the last hours of its data?
-- group: signals
-- plant : the plant
-- line : its line
-- asset : the machine
-- signal : the signal
-- hours = 1 : so many hours
SELECT minute, readings, least, mean, greatest, deviation, latest
FROM readings_by_minute
WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  AND minute > (
      SELECT max(last_time) - INTERVAL {hours:UInt32} HOUR
      FROM readings_1d
      WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  )
ORDER BY minute;
