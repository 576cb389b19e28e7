-- Which readings count of runs of which a part was processed again? Numbers that are not suspect. The rollups do not know which messages
-- their rows are of, so the views of them leave such runs out and read these instead. Nothing is read where there is no such run.
CREATE OR REPLACE VIEW reprocessed_readings
(
    plant  LowCardinality(String) COMMENT 'Plant',
    line   LowCardinality(String) COMMENT 'Line of the plant',
    asset  LowCardinality(String) COMMENT 'Asset of the line',
    signal LowCardinality(String) COMMENT 'Signal of the asset',
    time   DateTime64(6, 'UTC')   COMMENT 'Event time of the reading',
    value  Float64                COMMENT 'Value'
)
AS
SELECT
    reading.plant AS plant, reading.line AS line, reading.asset AS asset, reading.signal AS signal,
    reading.time AS time, reading.value AS value
FROM readings AS reading
INNER JOIN counted_runs AS counted ON reading.stream = counted.stream AND reading.run = counted.run
WHERE (SELECT count() FROM counted_runs WHERE notEmpty(superseded) AND NOT whole) > 0
  AND notEmpty(counted.superseded) AND NOT counted.whole
  AND NOT arrayExists(range -> reading.sequence BETWEEN range.1 AND range.2, counted.superseded)
  AND isFinite(reading.value) AND reading.quality != 'suspect'
COMMENT 'Readings that count of runs of which a part was processed again';
