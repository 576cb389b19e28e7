-- Which equipment does telemetry have, and systems that must have each asset do not?
WITH lacks AS
(
    SELECT seen.plant AS plant, seen.remote AS remote, seen.id AS id, lacking
    FROM master_now AS seen
    ARRAY JOIN arrayDistinct(arrayConcat([toString(seen.record)], seen.also)) AS lacking
    WHERE seen.system = 'telemetry' AND seen.entity = 'asset' AND lacking != 'telemetry'
      AND lacking IN (SELECT toString(system) FROM master_copies WHERE whole IS NOT NULL AND entity = 'asset')
      AND (lacking, seen.id) NOT IN (SELECT toString(system), id FROM master_now WHERE entity = 'asset')
)
SELECT
    plant, 'asset' AS entity, 'telemetry' AS system, [remote] AS objects,
    concat('telemetry has ', remote, ', which is not in ', arrayStringConcat(arraySort(groupArray(lacking)) AS systems, ' and ')) AS text,
    concat('Create it in ', systems[1], ', or map it to the asset that it is over there.') AS proposal
FROM lacks
GROUP BY plant, remote, id
ORDER BY objects;
