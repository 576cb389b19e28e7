-- Which detectors of which machines make most of the alarms?
-- group: alarms
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 30 : so many days up to the newest in the data
-- limit = 10 : so many rows
SELECT
    plant, line, asset, rule, signal,
    count()                                         AS alarms,
    round(count() / sum(count()) OVER (), 3)        AS share,
    max(raised.time)                                     AS latest
FROM raised_alarms AS raised
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
  AND raised.time > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
GROUP BY plant, line, asset, rule, signal
ORDER BY alarms DESC, plant, line, asset, rule, signal
LIMIT {limit:UInt32};
