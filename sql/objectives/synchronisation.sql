-- When was the newest copy of master data older than it may be? As `fresh` of its entity says; by the objective where nothing is said.
WITH copies AS
(
    SELECT
        syncs.system AS system, syncs.entity AS entity,
        max(syncs.as_of) OVER (PARTITION BY system, entity ORDER BY syncs.copied) AS newest,
        leadInFrame(syncs.copied, 1, {to:DateTime64(6, 'UTC')}) OVER (
            PARTITION BY system, entity ORDER BY syncs.copied ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next,
        if(owners.fresh > 0, toUInt32(owners.fresh), {within:UInt32}) AS allowed
    FROM (SELECT * FROM master_syncs FINAL WHERE copied < {to:DateTime64(6, 'UTC')}) AS syncs
    INNER JOIN master_copies AS described ON syncs.system = described.system AND syncs.entity = described.entity
    LEFT JOIN master_entities AS owners ON syncs.entity = owners.entity
    WHERE syncs.system NOT IN ('governance', 'telemetry')
)
SELECT
    '' AS plant, concat(system, ' ', entity) AS subject, newest + toIntervalSecond(allowed) AS begun, next AS ended,
    'the copy was too old' AS text, [] :: Array(String) AS requests
FROM copies
WHERE ended > begun AND ended > {from:DateTime64(6, 'UTC')} AND begun < {to:DateTime64(6, 'UTC')}
ORDER BY subject, begun;
