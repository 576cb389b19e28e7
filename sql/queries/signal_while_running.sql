-- How did one signal of one machine differ by what the machine made: hour means while it ran, by product?
-- group: signals
-- plant : the plant
-- line : its line
-- asset : the machine
-- signal : the signal
-- days = 7 : so many days
SELECT
    state.product                         AS product,
    sum(part.readings)                    AS readings,
    min(part.least)                       AS least,
    sum(part.mean * part.readings) / sum(part.readings) AS mean,
    max(part.greatest)                    AS greatest
FROM
(
    SELECT plant, line, asset, minute, readings, least, mean, greatest, toDateTime64(minute, 6, 'UTC') AS time
    FROM readings_by_minute
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}
      AND minute > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
) AS part
ASOF INNER JOIN machine_timeline AS state
    ON part.plant = state.plant AND part.line = state.line AND part.asset = state.asset AND part.time >= state.`from`
WHERE state.kind = 'running' AND part.time + INTERVAL 1 MINUTE <= state.`to`
GROUP BY product
ORDER BY mean DESC;
