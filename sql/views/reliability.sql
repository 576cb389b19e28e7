-- How often does each machine fail, and how long does it take to bring it back? A failure is a stop with the cause `failure`
-- (view downtime). MTBF = running hours / failures, MTTR = mean length of the failures that are over. NULL without a failure.
CREATE OR REPLACE VIEW reliability
(
    plant          LowCardinality(String)         COMMENT 'Plant',
    line           LowCardinality(String)         COMMENT 'Line of the plant',
    asset          LowCardinality(String)         COMMENT 'Asset of the line',
    running_hours  Float64                        COMMENT 'Hours running',
    failures       UInt64                         COMMENT 'Failures',
    down_hours     Float64                        COMMENT 'Hours down by failures',
    mtbf_hours     Nullable(Float64)              COMMENT 'Mean running time between failures; null without one',
    mttr_minutes   Nullable(Float64)              COMMENT 'Mean time to run again; null without one that is over',
    latest_failure Nullable(DateTime64(6, 'UTC')) COMMENT 'When the latest began; null without one'
)
AS
SELECT
    ran.plant AS plant, ran.line AS line, ran.asset AS asset,
    ran.hours AS running_hours,
    failed.failures AS failures,
    failed.hours AS down_hours,
    if(failures > 0, running_hours / failures, NULL) AS mtbf_hours,
    if(failed.over > 0, failed.over_minutes / failed.over, NULL) AS mttr_minutes,
    if(failures > 0, failed.latest, NULL) AS latest_failure
FROM
(
    SELECT plant, line, asset, sumIf(seconds, kind = 'running') / 3600 AS hours
    FROM machine_timeline
    GROUP BY plant, line, asset
) AS ran
LEFT JOIN
(
    SELECT
        plant, line, asset, count() AS failures, sum(seconds) / 3600 AS hours, countIf(NOT standing) AS over,
        sumIf(seconds, NOT standing) / 60 AS over_minutes, max(`from`) AS latest
    FROM downtime
    WHERE cause = 'failure'
    GROUP BY plant, line, asset
) AS failed ON ran.plant = failed.plant AND ran.line = failed.line AND ran.asset = failed.asset
COMMENT 'Failures, MTBF and MTTR by machine, over all data';
