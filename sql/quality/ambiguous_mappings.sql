-- Which id is mapped to two things at once, and which thing has two ids in one system?
SELECT
    '' AS plant, entity, system, [remote] AS objects,
    concat(remote, ' is mapped to ', arrayStringConcat(arraySort(groupUniqArray(id)) AS ids, ' and ')) AS text,
    'End all of these mappings but one (`to`): the first in the alphabet counts until then.' AS proposal
FROM master_mappings_now
WHERE state = 'in force'
GROUP BY entity, system, remote
HAVING uniqExact(id) > 1
UNION ALL
SELECT
    '' AS plant, entity, system, arraySort(groupUniqArray(remote)) AS objects,
    concat(id, ' is ', arrayStringConcat(objects, ' and '), ' in ', system) AS text,
    'End all of these mappings but one (`to`), or merge the objects over there.' AS proposal
FROM master_mappings_now
WHERE state = 'in force' AND entity NOT IN ('plant', 'status')
GROUP BY entity, system, id
HAVING uniqExact(remote) > 1
ORDER BY system, entity, objects;
