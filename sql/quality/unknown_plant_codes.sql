-- Which code of a plant does nobody know?
SELECT
    '' AS plant, entity, system, arraySort(groupArray(remote)) AS objects,
    concat('the plant of ', arrayStringConcat(arraySlice(objects, 1, 3), ', '), if(count() > 3, ' and others', ''), ' is ', plant_code, ', which is no plant and no code of one in ', system) AS text,
    concat('Add the code to `codes.', system, '` of its plant in the governance file, or correct it in ', system, '.') AS proposal
FROM master_now AS held
WHERE plant_code != '' AND held.plant = '' AND system != 'governance'
GROUP BY system, entity, plant_code
ORDER BY system, entity, plant_code;
