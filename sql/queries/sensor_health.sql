-- Which sensors are silent, thin or standing still?
-- group: signals
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- all = 0 : 1 shows the healthy ones too
SELECT plant, line, asset, signal, verdict, latest_time, latest, round(silent_seconds) AS silent_seconds, usual, latest_hour, still_hours
FROM sensor_health
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String}) AND (verdict != 'well' OR {all:UInt8} = 1)
ORDER BY verdict = 'well', verdict, silent_seconds DESC, plant, line, asset, signal;
