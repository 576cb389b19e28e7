-- What refers to something other than a location that is not there?
SELECT
    plant, entity, system, [remote] AS objects,
    concat('the ', replaceAll(field, '_', ' '), ' of ', remote, ' is ', value, ', which ', judge, ' does not have') AS text,
    concat('Correct it in ', system, ', or map ', value, ' to a ', replaceAll(target, '_', ' '), ' of ', judge, '.') AS proposal
FROM master_references
WHERE judge != '' AND found = 0 AND target != 'location'
ORDER BY system, entity, remote, field;
