-- What is copied from where, and how old is it? As the last copy of the governance file says it: what it does not describe any more is not here.
CREATE OR REPLACE VIEW master_copies
(
    system LowCardinality(String)         COMMENT 'System that it is copied from; governance: the file of that name',
    entity LowCardinality(String)         COMMENT 'What is copied',
    source String                         COMMENT 'Where from: a file, or the path of a list',
    whole  Nullable(DateTime64(6, 'UTC')) COMMENT 'When the last copying of everything began; null: never yet',
    as_of  Nullable(DateTime64(6, 'UTC')) COMMENT 'So old the newest copy is at most; null: never yet'
)
AS
SELECT
    described.system AS system, described.entity AS entity, described.source AS source,
    nullIf(done.whole, toDateTime64(0, 6, 'UTC')) AS whole, nullIf(done.newest, toDateTime64(0, 6, 'UTC')) AS as_of
FROM
(
    SELECT
        toLowCardinality(data.fields['system']) AS system, toLowCardinality(data.fields['entity']) AS entity,
        data.fields['source'] AS source
    FROM master_data AS data
    WHERE data.system = 'governance' AND data.entity = 'source'
      AND data.copied = (SELECT max(copied) FROM master_syncs WHERE system = 'governance' AND entity = 'source')
    LIMIT 1 BY data.remote
) AS described
LEFT JOIN
(
    SELECT system, entity, maxIf(copied, full) AS whole, max(as_of) AS newest FROM master_syncs GROUP BY system, entity
) AS done ON done.system = described.system AND done.entity = described.entity
COMMENT 'Sources of master data that the governance file describes, with the age of their copies';
