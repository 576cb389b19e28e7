-- Which assets does one system have twice? Same manufacturer and serial number, whatever the signs between, none of them retired.
SELECT
    min(plant) AS plant, entity, system, arraySort(groupArray(remote)) AS objects,
    concat(arrayStringConcat(objects, ' and '), ' have the serial number ', min(fields['serial']), ' of ', min(fields['manufacturer'])) AS text,
    concat('Keep ', objects[1], ', retire the others, and move their open work and references to it.') AS proposal
FROM master_now
WHERE entity IN ('asset', 'component') AND status != 'retired'
GROUP BY
    system, entity,
    upper(replaceRegexpAll(fields['manufacturer'], '[^\\pL\\pN]', '')) AS maker,
    upper(replaceRegexpAll(fields['serial'], '[^\\pL\\pN]', '')) AS serial
HAVING count() > 1 AND maker != '' AND lengthUTF8(serial) > 2 AND serial NOT IN ('UNKNOWN', 'NONE', 'TBD', '000')
ORDER BY system, objects;
