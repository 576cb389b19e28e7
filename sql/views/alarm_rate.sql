-- How many alarms did each line have in each ten minutes, and was that a flood? By ISA-18.2 a flood begins with ten alarms or more in ten
-- minutes, and ends with the first ten minutes that have fewer than five. Ten minutes without an alarm have no row.
CREATE OR REPLACE VIEW alarm_rate
(
    plant       LowCardinality(String)    COMMENT 'Plant',
    line        LowCardinality(String)    COMMENT 'Line of the plant',
    time        DateTime('UTC')           COMMENT 'Start of the ten minutes, UTC',
    alarms      UInt64                    COMMENT 'Alarms in them',
    flood       Nullable(UInt8)           COMMENT 'They belong to a flood',
    flood_start Nullable(DateTime('UTC')) COMMENT 'When that flood began; null outside of one'
)
AS
SELECT
    plant, line, time, alarms,
    last_value(verdict) IGNORE NULLS OVER (
        PARTITION BY plant, line, stretch ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) = 1 AS flood,
    if(flood, maxIf(time, alarms >= 10 AND before < 1) OVER (
        PARTITION BY plant, line, stretch ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ), NULL) AS flood_start
FROM
(
    SELECT
        *,
        multiIf(alarms >= 10, 1, alarms < 5, 0, NULL) AS verdict,
        ifNull(last_value(verdict) IGNORE NULLS OVER (
            PARTITION BY plant, line, stretch ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS before
    FROM
    (
        SELECT
            *,
            sum(gap) OVER (PARTITION BY plant, line ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS stretch
        FROM
        (
            SELECT
                *,
                dateDiff('second', lagInFrame(time) OVER (
                    PARTITION BY plant, line ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
                ), time) != 600 AS gap
            FROM
            (
                SELECT plant, line, toStartOfInterval(raised.time, INTERVAL 10 MINUTE) AS time, count() AS alarms
                FROM raised_alarms AS raised
                GROUP BY plant, line, time
            )
        )
    )
)
COMMENT 'Alarms per line and ten minutes, with floods by ISA-18.2';
