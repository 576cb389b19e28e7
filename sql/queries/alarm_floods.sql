-- Which alarm floods were there: from when to when, how many alarms, and which rule raised most of them?
-- group: alarms
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 30 : so many days up to the newest in the data
WITH floods AS
(
    SELECT
        rate.plant AS plant, rate.line AS line, rate.flood_start AS begin,
        max(rate.time) + INTERVAL 10 MINUTE AS finish, sum(rate.alarms) AS alarms, max(rate.alarms) AS peak
    FROM alarm_rate AS rate
    WHERE rate.flood AND ({plant:String} = '' OR rate.plant = {plant:String}) AND ({line:String} = '' OR rate.line = {line:String})
      AND rate.time > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
    GROUP BY plant, line, begin
)
SELECT
    floods.plant AS plant, floods.line AS line, floods.begin AS `from`, floods.finish AS `to`,
    any(floods.alarms) AS alarms, any(floods.peak) AS most_in_ten_minutes,
    topK(1)(concat(raised.asset, ' ', raised.rule))[1] AS loudest
FROM floods
INNER JOIN raised_alarms AS raised ON floods.plant = raised.plant AND floods.line = raised.line
WHERE raised.time >= floods.begin AND raised.time < floods.finish
GROUP BY plant, line, floods.begin, floods.finish
ORDER BY `from`, plant, line;
