-- Which mapping in force leads to nothing in its system?
SELECT
    '' AS plant, entity, system, [remote] AS objects,
    concat('the mapping of ', id, ' to ', remote, ' is in force, and ', system, ' does not have it') AS text,
    concat('End the mapping (`to`), or name the id that ', id, ' has in ', system, ' now; ', if(owner = '', 'nobody', owner), ' answers for it.') AS proposal
FROM master_mappings_now
WHERE state = 'in force' AND entity NOT IN ('plant', 'status')
  AND (system, entity) IN (SELECT system, entity FROM master_copies WHERE whole IS NOT NULL)
  AND (system, entity, remote) NOT IN (SELECT system, entity, remote FROM master_now)
ORDER BY system, entity, remote;
