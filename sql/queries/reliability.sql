-- How often does each machine fail, and how long does it take to run again (MTBF, MTTR)?
-- group: machines
-- plant = : this plant; all if empty
-- line = : this line; all if empty
SELECT
    plant, line, asset, failures,
    round(running_hours, 2) AS running_hours,
    round(mtbf_hours, 2)    AS mtbf_hours,
    round(mttr_minutes, 1)  AS mttr_minutes,
    latest_failure
FROM reliability
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
ORDER BY failures DESC, mtbf_hours, plant, line, asset;
