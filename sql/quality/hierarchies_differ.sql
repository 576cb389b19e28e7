-- What hangs elsewhere in another system than in its system of record? Plant, parent, line, location, asset.
WITH
    above AS
    (
        SELECT toString(system) AS system, entity, remote, id, plant, field, to_id, toString(record) AS record FROM master_references
        WHERE field IN ('parent', 'line', 'location', 'asset', 'work_centre')
          -- What leads nowhere is told by other checks.
          AND (judge = '' OR found = 1)
        UNION ALL
        SELECT
            toString(system) AS system, entity, remote, id, plant, 'plant' AS field, plant AS to_id,
            if(records['plant'] = '', toString(master_now.record), records['plant']) AS record
        FROM master_now
        WHERE plant != '' AND entity != 'plant' AND system != 'governance'
    )
SELECT
    if(ours.plant = '', theirs.plant, ours.plant) AS plant, ours.entity AS entity, theirs.system AS system, [theirs.remote] AS objects,
    concat('the ', replaceAll(ours.field, '_', ' '), ' of ', theirs.remote, ' is ', theirs.to_id, ', in ', ours.system, ' it is ', ours.to_id) AS text,
    concat('Move it in ', theirs.system, ' to ', ours.to_id, ': ', ours.system, ' is its system of record.') AS proposal
FROM above AS ours
INNER JOIN above AS theirs ON theirs.entity = ours.entity AND theirs.id = ours.id AND theirs.field = ours.field
WHERE ours.system = theirs.record
  AND theirs.system != ours.system AND ours.entity != 'work_centre' AND theirs.to_id != ours.to_id
ORDER BY system, entity, objects, ours.field;
