-- What does a system not have that must have everything of this kind?
SELECT
    held.plant AS plant, held.entity AS entity, held.system AS system, [held.remote] AS objects,
    concat(held.system, ' has ', held.remote, ', which is not in ', lacking) AS text,
    concat('Create ', held.id, ' in ', lacking, ', or map it to what it is there.') AS proposal
FROM master_now AS held
ARRAY JOIN held.also AS lacking
WHERE held.system = held.record AND held.status != 'retired' AND lacking != 'telemetry'
  AND (lacking, toString(held.entity)) IN (SELECT toString(system), toString(entity) FROM master_copies WHERE whole IS NOT NULL)
  AND (lacking, toString(held.entity), held.id) NOT IN (SELECT toString(system), toString(entity), id FROM master_now)
  -- What telemetry has is told by unmaintained_equipment.
  AND NOT (held.entity = 'asset' AND held.id IN (SELECT id FROM master_now WHERE system = 'telemetry' AND entity = 'asset'))
ORDER BY system, entity, objects, lacking;
