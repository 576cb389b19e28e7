-- What stands at a location that is not there?
SELECT
    plant, entity, system, [remote] AS objects,
    concat(remote, ' stands at ', value, ', which ', judge, ' does not have as a location') AS text,
    concat('Correct the location of ', remote, ', or map ', value, ' to one that is there.') AS proposal
FROM master_references
WHERE judge != '' AND found = 0 AND target = 'location'
ORDER BY system, entity, remote;
