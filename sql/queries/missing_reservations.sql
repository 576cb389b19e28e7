-- Which open requests wait for a part that is not reserved?
-- group: systems
-- plant = : this plant; all if empty
-- verb = reserve : what reserving is called in the workflows
SELECT
    command.request AS request, command.plant AS plant, command.line AS line, command.asset AS asset, request.title AS title,
    command.system AS system, command.id AS command, JSONExtractString(command.payload, 'part') AS part,
    multiIf(command.answered IS NULL, 'not answered', command.outcome != 'done', command.outcome, command.state) AS why,
    command.note AS note, command.decided AS decided
FROM command_times AS command
INNER JOIN open_requests AS request ON command.request = request.id
WHERE command.verb = {verb:String} AND command.undoes = ''
  AND (command.answered IS NULL OR command.outcome != 'done' OR command.state IN ('short', 'released'))
  AND ({plant:String} = '' OR command.plant = {plant:String})
ORDER BY command.decided, command.id
LIMIT 1 BY command.request, command.step;
