-- How did one signal of one machine develop, day by day?
-- group: signals
-- plant : the plant
-- line : its line
-- asset : the machine
-- signal : the signal
-- days = 90 : so many days
SELECT day, readings, least, mean, greatest, deviation, latest
FROM readings_by_day
WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  AND day > (
      SELECT max(last_time) - INTERVAL {days:UInt32} DAY
      FROM readings_1d
      WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  )
ORDER BY day;
