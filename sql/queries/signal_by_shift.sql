-- How did one signal of one machine develop by local day, or by shift?
-- group: signals
-- plant : the plant
-- line : its line
-- asset : the machine
-- signal : the signal
-- time_zone = UTC : of the plant
-- shifts = 00:00 : when shifts begin by its clock, such as 06:00,14:00,22:00; one of them is a day
-- days = 90 : so many days
WITH
    arraySort(arrayMap(
        start -> 60 * toUInt16(substring(start, 1, 2)) + toUInt16(substring(start, 4, 2)),
        splitByChar(',', {shifts:String})
    )) AS starts,
    toTimeZone(part.minute, {time_zone:String}) AS local,
    60 * toHour(local) + toMinute(local)        AS clock,
    arrayFilter(start -> start <= clock, starts) AS begun
SELECT
    toDate(local, {time_zone:String}) - if(empty(begun), 1, 0) AS day,
    if(empty(begun), arrayMax(starts), arrayMax(begun)) AS start,
    concat(leftPad(toString(intDiv(start, 60)), 2, '0'), ':', leftPad(toString(start % 60), 2, '0')) AS shift,
    min(part.minute)    AS first_minute,
    max(part.minute)    AS last_minute,
    sum(part.readings)  AS readings,
    min(part.least)     AS least,
    sum(part.mean * part.readings) / sum(part.readings) AS mean,
    max(part.greatest)  AS greatest,
    argMax(part.latest, part.latest_time) AS latest
FROM readings_by_minute AS part
WHERE part.plant = {plant:String} AND part.line = {line:String} AND part.asset = {asset:String} AND part.signal = {signal:String}
  AND part.minute > (
      SELECT max(last_time) - INTERVAL {days:UInt32} DAY
      FROM readings_1d
      WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
  )
GROUP BY day, start
ORDER BY day, start;
