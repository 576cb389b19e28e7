-- What does each system hold now? The newest copy of each object, without those that the last whole copy did not have, and of described sources alone.
CREATE OR REPLACE VIEW master_now
(
    system     LowCardinality(String)         COMMENT 'System that holds it',
    entity     LowCardinality(String)         COMMENT 'What it is',
    remote     String                         COMMENT 'Its id in that system',
    id         String                         COMMENT 'Its canonical id: the same where no mapping says otherwise',
    plant      String                         COMMENT 'Canonical plant, or that of its system; empty where it has none, or one that nobody knows',
    plant_code String                         COMMENT 'Its plant as that system says it',
    status     String                         COMMENT 'Canonical word for its status; empty where it has none, or no mapping',
    fields     Map(String, String)            COMMENT 'What that system says of it',
    times      UInt32                         COMMENT 'How often that system has this id',
    changed    Nullable(DateTime64(6, 'UTC')) COMMENT 'When it last changed over there',
    as_of      DateTime64(6, 'UTC')           COMMENT 'So old the copy is',
    record     LowCardinality(String)         COMMENT 'System of record of its kind, at its plant; empty: nobody owns it',
    also       Array(String)                  COMMENT 'Systems that must have it too',
    records    Map(String, String)            COMMENT 'Fields with a system of record, by name'
)
AS
WITH
    mapped AS
    (
        SELECT entity, system, remote, min(id) AS id
        FROM master_mappings_now WHERE state = 'in force' GROUP BY entity, system, remote
    ),
    codes AS (SELECT system, remote, id FROM mapped WHERE entity = 'plant'),
    words AS (SELECT system, remote, id FROM mapped WHERE entity = 'status'),
    sites AS
    (
        SELECT data.remote AS plant, JSONExtract(data.fields['systems'], 'Array(String)') AS systems
        FROM master_data AS data
        WHERE data.system = 'governance' AND data.entity = 'plant'
          AND data.copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'plant')
        LIMIT 1 BY data.remote
    ),
    homes AS (SELECT arrayJoin(systems) AS system, min(plant) AS plant FROM sites GROUP BY system),
    copies AS
    (
        SELECT
            data.system AS system, data.entity AS entity, data.remote AS remote, data.fields AS fields,
            data.times AS times, data.changed AS changed, data.as_of AS as_of,
            data.fields['plant'] AS code, data.fields['status'] AS word
        FROM master_data AS data
        INNER JOIN
        (
            SELECT system, entity, assumeNotNull(whole) AS whole FROM master_copies WHERE whole IS NOT NULL
        ) AS last ON data.system = last.system AND data.entity = last.entity
        INNER JOIN (SELECT DISTINCT system, entity, copied FROM master_syncs) AS done
            ON data.system = done.system AND data.entity = done.entity AND data.copied = done.copied
        WHERE data.copied >= last.whole
        ORDER BY data.copied DESC
        LIMIT 1 BY data.system, data.entity, data.remote
    ),
    placed AS
    (
        SELECT
            copies.system AS system, copies.entity AS entity, copies.remote AS remote,
            if(own.id = '', copies.remote, own.id) AS id,
            multiIf(
                copies.entity = 'plant', if(own.id = '', copies.remote, own.id),
                codes.id != '', codes.id,
                copies.code IN (SELECT plant FROM sites), copies.code,
                copies.code = '', homes.plant,
                ''
            ) AS plant,
            copies.code AS plant_code,
            words.id AS status, homes.plant AS home,
            copies.fields AS fields, copies.times AS times, copies.changed AS changed, copies.as_of AS as_of
        FROM copies
        LEFT JOIN mapped AS own
            ON own.entity = copies.entity AND own.system = copies.system AND own.remote = copies.remote
        LEFT JOIN codes ON codes.system = copies.system AND codes.remote = copies.code
        LEFT JOIN homes ON homes.system = copies.system
        LEFT JOIN words ON words.system = copies.system AND words.remote = copies.word
    )
SELECT
    placed.system AS system, placed.entity AS entity, placed.remote AS remote, placed.id AS id, placed.plant AS plant,
    placed.plant_code AS plant_code, placed.status AS status, placed.fields AS fields, placed.times AS times,
    placed.changed AS changed, placed.as_of AS as_of,
    if(there.record = '', owners.record, there.record) AS record,
    if(there.record = '', owners.also, there.also) AS also,
    if(there.record = '', owners.records, there.records) AS records
FROM placed
LEFT JOIN master_entities AS owners ON owners.entity = placed.entity
LEFT JOIN master_at_plants AS there
    -- A code that nobody knows is told once, and judged as if its system had named none.
    ON there.entity = placed.entity AND there.plant = if(placed.plant = '', placed.home, placed.plant)
COMMENT 'Master data as systems hold it now, with canonical ids';
