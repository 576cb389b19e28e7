-- How well was each machine used, by day? Availability, performance, quality, OEE; NULL where nobody counted pieces.
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- asset = : this asset; all if empty
-- days = 30 : so many days up to the newest in the data
SELECT
    plant, line, asset, day,
    round(availability, 3) AS availability,
    round(performance, 3)  AS performance,
    round(quality, 3)      AS quality,
    round(oee, 3)          AS oee,
    round(running_seconds / 3600, 2) AS running_hours,
    round((known_seconds - planned_seconds) / 3600, 2) AS available_hours,
    pieces, good
FROM oee_by_day
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String}) AND ({asset:String} = '' OR asset = {asset:String})
  AND day > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
ORDER BY plant, line, asset, day;
