-- Which works are done, and not fully posted: not closed in the CMMS, or with a system that has not answered or refused?
-- group: systems
-- plant = : this plant; all if empty
-- hours = 8 : hours after which a work that is done should be posted
SELECT
    work.request AS request, work.plant AS plant, work.line AS line, work.asset AS asset, work.title AS title, work.done AS done,
    round(dateDiff('minute', assumeNotNull(work.done), newest.time) / 60, 1) AS hours_since,
    work.posted IS NULL AS not_closed, asked.unanswered AS unanswered, asked.refused AS refused
FROM hand_offs AS work
INNER JOIN newest ON work.plant = newest.plant AND work.line = newest.line
LEFT JOIN
(
    SELECT
        request,
        countIf(answered IS NULL)                       AS unanswered,
        countIf(outcome IN ('rejected', 'expired'))     AS refused
    FROM command_times
    GROUP BY request
) AS asked ON work.request = asked.request
WHERE work.done IS NOT NULL AND hours_since > {hours:Float64} AND (not_closed OR unanswered > 0 OR refused > 0)
  AND ({plant:String} = '' OR work.plant = {plant:String})
ORDER BY work.done, work.request;
