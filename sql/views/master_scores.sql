-- How good is the master data of each plant, and is it getting better? One row for each look.
CREATE OR REPLACE VIEW master_scores
(
    plant   LowCardinality(String) COMMENT 'Plant; empty: what is of no plant',
    time    DateTime64(6, 'UTC')   COMMENT 'When the look was made',
    objects UInt64                 COMMENT 'Objects of the plant in all systems',
    flagged UInt64                 COMMENT 'Those that something was found of',
    score   Nullable(Float64)      COMMENT 'Share of objects that nothing was found of; null without objects'
)
AS
SELECT
    plant, time, counted AS objects, flagged,
    if(counted = 0, NULL, round(1 - flagged / counted, 4)) AS score
FROM master_quality FINAL
WHERE `check` = 'counted'
COMMENT 'Quality of master data by plant over time';
