-- What does a system have that its system of record does not?
SELECT
    held.plant AS plant, held.entity AS entity, held.system AS system, [held.remote] AS objects,
    concat(held.system, ' has ', held.remote, ', which is not in ', held.record) AS text,
    concat('Create it in ', held.record, ', map ', held.remote, ' to what it is there, or remove it from ', held.system, '.') AS proposal
FROM master_now AS held
WHERE held.system NOT IN (held.record, 'telemetry', 'governance') AND held.status != 'retired' AND held.entity NOT IN ('plant', 'status')
  AND (held.record, held.entity) IN (SELECT system, entity FROM master_copies WHERE whole IS NOT NULL)
  AND (toString(held.record), toString(held.entity), held.id) NOT IN (SELECT toString(system), toString(entity), id FROM master_now)
ORDER BY system, entity, objects;
