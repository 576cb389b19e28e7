-- How old is each copy of master data, and which is older than it may be?
-- group: systems
-- hours = 26 : how old a copy may be where its entity does not say it
SELECT
    copies.system AS system, copies.entity AS entity, copies.source AS source, copies.as_of AS as_of,
    round(dateDiff('second', copies.as_of, now64(6, 'UTC')) / 3600, 1)              AS age_hours,
    if(owners.fresh > 0, owners.fresh / 3600, {hours:Float64})                      AS fresh_hours,
    copies.as_of IS NULL OR ifNull(dateDiff('second', copies.as_of, now64(6, 'UTC')) / 3600 > fresh_hours, false) AS too_old
FROM (SELECT * FROM master_copies WHERE system != 'governance') AS copies
LEFT JOIN master_entities AS owners ON copies.entity = owners.entity
ORDER BY too_old DESC, age_hours DESC, system, entity;
