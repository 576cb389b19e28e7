-- Which causes took how much production time? Pareto by machine.
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 30 : so many days up to the newest in the data
SELECT
    cause,
    plant, line, asset,
    count()                                AS stops,
    round(sum(unplanned_seconds) / 60, 1)  AS unplanned_minutes,
    round(sum(planned_seconds) / 60, 1)    AS planned_minutes,
    round(sum(unplanned_seconds) / nullIf(sum(sum(unplanned_seconds)) OVER (), 0), 3) AS share
FROM downtime
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
  AND `from` > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
GROUP BY cause, plant, line, asset
ORDER BY unplanned_minutes DESC, cause, plant, line, asset;
