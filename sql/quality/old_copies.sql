-- Which copies are older than they may be, or were never made?
SELECT
    '' AS plant, entity, system, [] :: Array(String) AS objects,
    if(
        as_of IS NULL,
        concat('nothing was copied yet from ', system, ' (', source, ')'),
        concat('the newest copy from ', system, ' is as of ', toString(toStartOfSecond(assumeNotNull(as_of))))
    ) AS text,
    concat('Run andon sync ', system, '; of a file, export it anew.') AS proposal
FROM master_copies
INNER JOIN (SELECT entity AS kind, fresh FROM master_entities WHERE fresh > 0) AS owners ON owners.kind = master_copies.entity
WHERE system != 'governance' AND (as_of IS NULL OR assumeNotNull(as_of) < now64(6, 'UTC') - toIntervalSecond(fresh))
ORDER BY system, entity;
