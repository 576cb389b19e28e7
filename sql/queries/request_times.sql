-- How long do people take to answer and to finish requests, by line and priority?
-- group: requests
-- plant = : this plant; all if empty
-- line = : this line; all if empty
-- days = 90 : so many days up to the newest in the data
SELECT
    plant, line, priority,
    count()                                        AS requests,
    countIf(request.open)                          AS still_open,
    countIf(request.withdrawn)                     AS withdrawn,
    countIf(request.rejected IS NOT NULL)          AS rejected,
    round(quantileIf(0.5)(request.response_minutes, request.response_minutes IS NOT NULL), 1) AS response_median,
    round(quantileIf(0.9)(request.response_minutes, request.response_minutes IS NOT NULL), 1) AS response_p90,
    round(quantileIf(0.5)(request.closeout_minutes, request.closeout_minutes IS NOT NULL), 1) AS closeout_median,
    round(quantileIf(0.9)(request.closeout_minutes, request.closeout_minutes IS NOT NULL), 1) AS closeout_p90
FROM request_times AS request
WHERE ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
  AND request.requested > (SELECT max(time) - INTERVAL {days:UInt32} DAY FROM newest)
GROUP BY plant, line, priority
ORDER BY plant, line, priority;
