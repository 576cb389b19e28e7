-- How many good and bad pieces did each machine count? From events of type `counts` with `good`, `scrap` and, where it is
-- known, `ideal_cycle` (seconds a piece), each counting since the one before. A machine that sends none has no performance
-- and no quality.
CREATE OR REPLACE VIEW production_counts
(
    plant       LowCardinality(String) COMMENT 'Plant',
    line        LowCardinality(String) COMMENT 'Line of the plant',
    asset       LowCardinality(String) COMMENT 'Asset of the line',
    time        DateTime64(6, 'UTC')   COMMENT 'Event time',
    good        Float64                COMMENT 'Good pieces since the last time',
    scrap       Float64                COMMENT 'Bad pieces since the last time',
    ideal_cycle Nullable(Float64)      COMMENT 'Seconds that a piece takes at best; null where it is not given'
)
AS
SELECT
    fact.plant AS plant, fact.line AS line, fact.asset AS asset, fact.time AS time,
    JSONExtractFloat(fact.data, 'good')  AS good,
    JSONExtractFloat(fact.data, 'scrap') AS scrap,
    JSONExtract(fact.data, 'ideal_cycle', 'Nullable(Float64)') AS ideal_cycle
FROM machine_events AS fact FINAL
LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
WHERE fact.type = 'counts' AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
COMMENT 'Pieces as machines count them';
