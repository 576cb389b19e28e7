-- What does a system have that its system of record does not?
SELECT
    held.plant AS plant, held.entity AS entity, held.system AS system, [held.remote] AS objects,
    concat(held.system, ' has ', held.remote, ', which is not in ', owners.record) AS text,
    concat('Create it in ', owners.record, ', map ', held.remote, ' to what it is there, or remove it from ', held.system, '.') AS proposal
FROM master_now AS held
INNER JOIN master_entities AS owners ON owners.entity = held.entity
WHERE held.system NOT IN (owners.record, 'telemetry', 'governance') AND held.status != 'retired' AND held.entity NOT IN ('plant', 'status')
  AND (owners.record, held.entity) IN (SELECT system, entity FROM master_copies WHERE whole IS NOT NULL)
  AND (toString(owners.record), toString(held.entity), held.id) NOT IN (SELECT toString(system), toString(entity), id FROM master_now)
ORDER BY system, entity, objects;
