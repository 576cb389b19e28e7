-- Which copies are older than they may be?
SELECT
    '' AS plant, entity, system, [] :: Array(String) AS objects,
    concat('the newest copy from ', system, ' is as of ', toString(toStartOfSecond(max(as_of)))) AS text,
    concat('Run andon sync ', system, '; of a file, export it anew.') AS proposal
FROM master_syncs
INNER JOIN (SELECT entity AS kind, fresh FROM master_entities WHERE fresh > 0) AS owners ON owners.kind = master_syncs.entity
WHERE system != 'governance'
GROUP BY system, entity
HAVING max(as_of) < now64(6, 'UTC') - toIntervalSecond(any(fresh))
ORDER BY system, entity;
