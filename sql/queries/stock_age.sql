-- How old is each stock figure that a decision on an open request rests on?
-- group: systems
-- verb = check-stock : what asking for stock is called in the workflows
WITH (SELECT max(time) FROM newest) AS now
SELECT
    system, JSONExtractString(payload, 'part') AS part,
    argMax(JSONExtractFloat(reply, 'available'), answered)        AS available,
    argMax(JSONExtractFloat(reply, 'short'), answered)            AS short,
    max(answered)                                                 AS asked,
    round(dateDiff('second', assumeNotNull(asked), now) / 60, 1)  AS age_minutes,
    argMax(request, answered)                                     AS request
FROM command_times AS command
WHERE verb = {verb:String} AND outcome = 'done' AND command.request IN (SELECT id FROM open_requests)
GROUP BY system, part
ORDER BY age_minutes DESC, system, part;
