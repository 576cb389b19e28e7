-- What lacks a field that none of its kind may be without, in its system of record?
SELECT
    plant, entity, system, [remote] AS objects,
    concat(remote, ' has no ', replaceAll(arrayStringConcat(arrayFilter(name -> fields[name] = '', required) AS lacking, ', '), '_', ' ')) AS text,
    concat('Fill it in in ', system, '.') AS proposal
FROM master_now
INNER JOIN (SELECT entity AS kind, required FROM master_entities) AS owners ON owners.kind = master_now.entity
WHERE system = record AND status != 'retired' AND length(lacking) > 0
ORDER BY system, entity, remote;
