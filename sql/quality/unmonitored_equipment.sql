-- Which equipment of a class that telemetry must know does it not have?
SELECT
    plant, entity, system, [remote] AS objects,
    concat(remote, ' is of the class ', fields['maintenance_class'], ', and telemetry does not have it') AS text,
    concat('Add ', id, ' to the plant model, or map it to the machine that it is there; retire it if it is gone.') AS proposal
FROM master_now
INNER JOIN (SELECT entity AS kind, monitored FROM master_entities) AS owners ON owners.kind = master_now.entity
WHERE entity = 'asset' AND system = record AND status != 'retired' AND has(owners.monitored, fields['maintenance_class'])
  AND 'telemetry' IN (SELECT toString(system) FROM master_copies WHERE whole IS NOT NULL AND entity = 'asset')
  AND id NOT IN (SELECT id FROM master_now WHERE entity = 'asset' AND system = 'telemetry')
ORDER BY system, remote;
