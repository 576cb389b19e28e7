-- What is in use and refers to something that is retired?
SELECT
    plant, entity, system, [remote] AS objects,
    concat('the ', replaceAll(field, '_', ' '), ' of ', remote, ' is ', value, ', which is retired') AS text,
    concat('Name the successor of ', value, ', or retire ', remote, ' too.') AS proposal
FROM master_references
WHERE found = 1 AND retired = 1 AND status != 'retired'
ORDER BY system, entity, remote, field;
