-- What refers to what? A field that is named like an entity refers to it, and `parent` to another one of its kind.
CREATE OR REPLACE VIEW master_references
(
    system  LowCardinality(String) COMMENT 'System that says it',
    entity  LowCardinality(String) COMMENT 'What refers',
    remote  String                 COMMENT 'Its id in that system',
    id      String                 COMMENT 'Its canonical id',
    plant   String                 COMMENT 'Its plant',
    status  String                 COMMENT 'Its status, canonical',
    field   String                 COMMENT 'Field that refers',
    target  String                 COMMENT 'Entity that it refers to',
    value   String                 COMMENT 'What it refers to, as that system says it',
    to_id   String                 COMMENT 'The same, canonical',
    judge   String                 COMMENT 'System that must have it: this one, or that of record; empty: nobody was asked',
    found   UInt8                  COMMENT 'It has it',
    retired UInt8                  COMMENT 'It has it, and calls it retired',
    record  LowCardinality(String) COMMENT 'System of record of this field, at the plant of what refers'
)
AS
WITH
    said AS
    (
        SELECT
            system, entity, remote, id, plant, status, field, value,
            if(field = 'parent', toString(entity), field) AS target,
            if(records[field] = '', toString(record), records[field]) AS record
        FROM master_now
        ARRAY JOIN mapKeys(fields) AS field, mapValues(fields) AS value
        WHERE system != 'governance' AND value != ''
          AND (field = 'parent' OR field IN (SELECT toString(entity) FROM master_entities))
          AND field NOT IN ('plant', 'status')
    ),
    copied AS (SELECT DISTINCT system, entity FROM master_copies WHERE whole IS NOT NULL),
    mapped AS
    (
        SELECT entity, system, remote, min(id) AS id
        FROM master_mappings_now WHERE state = 'in force' GROUP BY entity, system, remote
    ),
    judged AS
    (
        SELECT
            said.system AS system, said.entity AS entity, said.remote AS remote, said.id AS id,
            said.plant AS plant, said.status AS status, said.field AS field, said.target AS target,
            said.value AS value, said.record AS record,
            if(mapped.id = '', said.value, mapped.id) AS to_id,
            multiIf(
                (said.system, said.target) IN (SELECT toString(system), toString(entity) FROM copied), toString(said.system),
                (if(there.record = '', owners.record, there.record) AS owner, said.target) IN
                    (SELECT toString(system), toString(entity) FROM copied), toString(owner),
                ''
            ) AS judge
        FROM said
        LEFT JOIN mapped
            ON mapped.entity = said.target AND mapped.system = said.system AND mapped.remote = said.value
        LEFT JOIN master_entities AS owners ON owners.entity = said.target
        LEFT JOIN master_at_plants AS there ON there.entity = said.target AND there.plant = said.plant
    )
SELECT
    judged.system AS system, judged.entity AS entity, judged.remote AS remote, judged.id AS id,
    judged.plant AS plant, judged.status AS status, judged.field AS field, judged.target AS target,
    judged.value AS value, judged.to_id AS to_id, judged.judge AS judge,
    held.there AS found, held.gone AS retired, judged.record AS record
FROM judged
LEFT JOIN
(
    SELECT toString(system) AS system, toString(entity) AS entity, id, 1 AS there, min(status = 'retired') AS gone
    FROM master_now GROUP BY system, entity, id
) AS held ON held.system = judged.judge AND held.entity = judged.target AND held.id = judged.to_id
COMMENT 'References between objects of master data, and whether they lead anywhere';
