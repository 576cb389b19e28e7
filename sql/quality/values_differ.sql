-- Which field with a system of record of its own has another value elsewhere? Signs of layout and case do not count.
WITH
    said AS
    (
        SELECT
            one.system AS system, one.entity AS entity, one.remote AS remote, one.id AS id, one.plant AS plant, one.name AS field, one.record AS record,
            if(refers.to_id = '', one.said, refers.to_id) AS value
        FROM
        (
            SELECT held.system AS system, held.entity AS entity, held.remote AS remote, held.id AS id, held.plant AS plant, name, held.records[name] AS record,
                if(name = 'status', held.status, held.fields[name]) AS said
            FROM master_now AS held
            ARRAY JOIN mapKeys(held.records) AS name
        ) AS one
        LEFT JOIN master_references AS refers
            ON refers.system = one.system AND refers.entity = one.entity AND refers.remote = one.remote AND refers.field = one.name
        -- The others of these are told by hierarchies_differ and work_centres_conflict.
        WHERE one.said != '' AND (one.entity != 'work_centre' OR one.name = 'status')
          AND one.name NOT IN ('plant', 'parent', 'line', 'location', 'asset', 'work_centre')
    )
SELECT
    if(ours.plant = '', theirs.plant, ours.plant) AS plant, ours.entity AS entity, theirs.system AS system, [theirs.remote] AS objects,
    concat('the ', replaceAll(ours.field, '_', ' '), ' of ', theirs.remote, ' is ', theirs.value, ', in ', ours.system, ' it is ', ours.value) AS text,
    concat('Take over ', ours.value, ' in ', theirs.system, ': ', ours.system, ' is the system of record of this field.') AS proposal
FROM said AS ours
INNER JOIN said AS theirs ON theirs.entity = ours.entity AND theirs.id = ours.id AND theirs.field = ours.field
WHERE ours.system = theirs.record AND theirs.system != ours.system
  AND lowerUTF8(replaceRegexpAll(ours.value, '\\s+', ' ')) != lowerUTF8(replaceRegexpAll(theirs.value, '\\s+', ' '))
ORDER BY system, entity, objects, ours.field;
