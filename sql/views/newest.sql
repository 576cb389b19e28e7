-- Up to when is anything known of each line, and from when on? The data may lie in the past: "now" is this, never the clock of the server.
CREATE OR REPLACE VIEW newest
(
    plant LowCardinality(String)                             COMMENT 'Plant',
    line  LowCardinality(String)                             COMMENT 'Line of the plant',
    time  SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'The newest event time of readings, states and events',
    oldest SimpleAggregateFunction(min, DateTime64(6, 'UTC')) COMMENT 'The oldest one that is still there'
)
AS
SELECT plant, line, max(newest) AS time, min(first) AS oldest
FROM
(
    SELECT plant, line, max(last_time) AS newest, min(toDateTime64(day, 6, 'UTC')) AS first FROM readings_1d GROUP BY plant, line
    UNION ALL
    SELECT plant, line, max(time) AS newest, min(time) AS first FROM machine_states GROUP BY plant, line
    UNION ALL
    SELECT plant, line, max(time) AS newest, min(time) AS first FROM machine_events GROUP BY plant, line
)
GROUP BY plant, line
COMMENT 'The newest event time of each line';
