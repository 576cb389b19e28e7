-- Which spare parts does one system have twice? Same manufacturer and number of the manufacturer, whatever the signs between.
SELECT
    min(plant) AS plant, entity, system, arraySort(groupArray(remote)) AS objects,
    concat(arrayStringConcat(objects, ' and '), ' are ', min(fields['manufacturer_part']), ' of ', min(fields['manufacturer'])) AS text,
    concat('Keep ', objects[1], ', move the stock of the others to it, and retire them.') AS proposal
FROM master_now
WHERE entity = 'part' AND status != 'retired'
GROUP BY
    system, entity,
    upper(replaceRegexpAll(fields['manufacturer'], '[^\\pL\\pN]', '')) AS maker,
    upper(replaceRegexpAll(fields['manufacturer_part'], '[^\\pL\\pN]', '')) AS number
HAVING count() > 1 AND maker != '' AND number != ''
ORDER BY system, objects;
