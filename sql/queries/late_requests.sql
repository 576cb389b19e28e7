-- Which open requests are late: nobody accepted them in time, or their slot went by?
-- group: requests
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- hours = 24 : hours in which a request should be accepted
SELECT
    request.id AS id, request.plant AS plant, request.line AS line, request.asset AS asset,
    request.priority AS priority, request.title AS title, request.status AS status,
    request.requested AS requested,
    round(dateDiff('second', request.requested, newest.time) / 3600, 1) AS age_hours,
    request.slot_end AS slot_end,
    request.completed IS NULL AND ifNull(request.slot_end < newest.time, false) AS slot_missed,
    request.accepted IS NULL AND request.started IS NULL AND age_hours > {hours:Float64} AS unanswered
FROM request_times AS request
INNER JOIN newest ON request.plant = newest.plant AND request.line = newest.line
WHERE request.open AND (slot_missed OR unanswered)
  AND ({plant:String} = '' OR request.plant = {plant:String}) AND ({line:String} = '' OR request.line = {line:String})
ORDER BY requested, id;
