-- Which work centre is defined otherwise in another system than in its system of record?
WITH
    defined AS
    (
        SELECT centre.system AS system, centre.remote AS remote, centre.id AS id, centre.plant AS plant, field, value,
            if(centre.records[field] = '', toString(centre.record), centre.records[field]) AS record
        FROM master_now AS centre
        ARRAY JOIN
            arrayConcat(arrayFilter(name -> name IN ('name', 'capacity', 'shifts'), mapKeys(fields)), ['plant']) AS field,
            arrayConcat(arrayMap(name -> lower(trimBoth(fields[name])), arrayFilter(name -> name IN ('name', 'capacity', 'shifts'), mapKeys(fields))), [plant]) AS value
        WHERE entity = 'work_centre'
        UNION ALL
        SELECT system, remote, id, plant, field, to_id AS value, toString(record) AS record FROM master_references WHERE entity = 'work_centre'
    )
SELECT
    if(ours.plant = '', theirs.plant, ours.plant) AS plant, 'work_centre' AS entity, theirs.system AS system, [theirs.remote] AS objects,
    concat('the ', replaceAll(ours.field, '_', ' '), ' of ', theirs.remote, ' is ', theirs.value, ', in ', ours.system, ' it is ', ours.value) AS text,
    concat('Take over the definition of ', ours.system, ', or give the work centre of ', theirs.system, ' an id of its own.') AS proposal
FROM defined AS ours
INNER JOIN defined AS theirs ON theirs.id = ours.id AND theirs.field = ours.field
WHERE ours.system = theirs.record AND theirs.system != ours.system
  AND ours.value != '' AND theirs.value != ''
  AND if(toFloat64OrNull(ours.value) IS NULL, ours.value != theirs.value, ifNull(toFloat64OrNull(theirs.value) != toFloat64OrNull(ours.value), 1))
ORDER BY system, objects, ours.field;
