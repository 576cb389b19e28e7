-- In which state is each alarm now (ISA-18.2), who changed it last, and why?
CREATE OR REPLACE VIEW alarms_now
(
    run     LowCardinality(String) COMMENT 'Processing of the log',
    plant   LowCardinality(String) COMMENT 'Plant',
    line    LowCardinality(String) COMMENT 'Line of the plant',
    asset   LowCardinality(String) COMMENT 'Asset of the line',
    rule    LowCardinality(String) COMMENT 'Detector',
    signal  LowCardinality(String) COMMENT 'Signal',
    point   LowCardinality(String) COMMENT 'Measuring point',
    anomaly String                 COMMENT 'Anomaly that it is about',
    state   LowCardinality(String) COMMENT 'Alarm state (ISA-18.2)',
    cause   LowCardinality(String) COMMENT 'What brought it there',
    who     LowCardinality(String) COMMENT 'Who did it, where the event names them',
    reason  String                 COMMENT 'Why, in words',
    time    DateTime64(6, 'UTC')   COMMENT 'When it changed'
)
AS
SELECT
    run, plant, line, asset, rule, signal, point, anomaly,
    after AS state,
    cause, who, reason, time
FROM alarms
WHERE after != '' AND cause NOT IN ('confirmed', 'false')
ORDER BY time DESC, sequence DESC
LIMIT 1 BY plant, line, asset, rule, signal, point, run
COMMENT 'Alarms as they are now';
