-- Who owns which entity? As the last copy of the governance file says it.
CREATE OR REPLACE VIEW master_entities
(
    entity    LowCardinality(String) COMMENT 'What it is',
    owner     String                 COMMENT 'Who answers for it',
    record    LowCardinality(String) COMMENT 'System of record',
    also      Array(String)          COMMENT 'Systems that must have each of them too',
    fresh     UInt64                 COMMENT 'A copy older than so many seconds is too old; 0: none is',
    required  Array(String)          COMMENT 'Fields that none may be without',
    monitored Array(String)          COMMENT 'Of assets: classes that telemetry must know',
    records   Map(String, String)    COMMENT 'Fields with a system of record, by name'
)
AS
SELECT
    remote AS entity,
    fields['owner'] AS owner,
    fields['record'] AS record,
    JSONExtract(fields['also'], 'Array(String)') AS also,
    toUInt64OrZero(fields['fresh']) AS fresh,
    JSONExtract(fields['required'], 'Array(String)') AS required,
    JSONExtract(fields['monitored'], 'Array(String)') AS monitored,
    JSONExtract(fields['records'], 'Map(String, String)') AS records
FROM master_data AS data
WHERE data.system = 'governance' AND data.entity = 'entity'
  AND data.copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'entity')
LIMIT 1 BY data.remote
COMMENT 'Entities of the governance file, with owner and system of record';
