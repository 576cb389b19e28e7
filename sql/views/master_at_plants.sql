-- Where do other systems hold an entity than elsewhere? As the last copy of the governance file says it, and in force today.
CREATE OR REPLACE VIEW master_at_plants
(
    entity     LowCardinality(String) COMMENT 'What it is',
    plant      String                 COMMENT 'Plant',
    record     LowCardinality(String) COMMENT 'System of record there',
    also       Array(String)          COMMENT 'Systems that must have each of them too',
    records    Map(String, String)    COMMENT 'Fields with a system of record, by name',
    valid_from Nullable(Date)         COMMENT 'First day; null: since ever',
    valid_to   Nullable(Date)         COMMENT 'Last day; null: until further notice'
)
AS
SELECT
    data.fields['entity'] AS entity, data.fields['plant'] AS plant, data.fields['record'] AS record,
    JSONExtract(data.fields['also'], 'Array(String)') AS also,
    JSONExtract(data.fields['records'], 'Map(String, String)') AS records,
    toDateOrNull(data.fields['from']) AS valid_from, toDateOrNull(data.fields['to']) AS valid_to
FROM master_data AS data
WHERE data.system = 'governance' AND data.entity = 'record'
  AND data.copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'record')
  AND ifNull(toDateOrNull(data.fields['from']) <= toDate(now('UTC')), 1)
  AND ifNull(toDateOrNull(data.fields['to']) >= toDate(now('UTC')), 1)
LIMIT 1 BY data.remote
COMMENT 'Entities that a plant holds in systems of its own, today';
