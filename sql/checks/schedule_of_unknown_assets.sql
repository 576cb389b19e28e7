-- Are there schedule entries in force for machines that the plant model does not have? They hold nothing back there.
SELECT
    plant,
    line,
    id,
    kind,
    arrayJoin(if(empty(assets), [''], assets)) AS asset
FROM
(
    SELECT plant, line, id, kind, assets, cancelled
    FROM schedule
    ORDER BY sequence DESC
    LIMIT 1 BY plant, line, id, stream, run
)
WHERE NOT cancelled
    AND if(asset = '', (plant, line) NOT IN (SELECT plant, line FROM assets),
           (plant, line, asset) NOT IN (SELECT plant, line, asset FROM assets))
ORDER BY plant, line, id, asset;
