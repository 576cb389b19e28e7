-- How good are the alarms of each detector? How many came, were acknowledged, were confirmed or marked as false, were withheld?
CREATE OR REPLACE VIEW alarm_quality
(
    run          LowCardinality(String) COMMENT 'Processing of the log',
    plant        LowCardinality(String) COMMENT 'Plant',
    rule         LowCardinality(String) COMMENT 'Detector',
    raised       UInt64                 COMMENT 'Alarms that came',
    withheld     UInt64                 COMMENT 'Of them withheld',
    acknowledged UInt64                 COMMENT 'Acknowledgements',
    confirmed    UInt64                 COMMENT 'Called right by people',
    called_false UInt64                 COMMENT 'Called false by people',
    false_share  Nullable(Float64)      COMMENT 'Share of false ones among those with feedback'
)
AS
SELECT
    run, plant, rule,
    countIf(cause = 'raised')                                       AS raised,
    countIf(cause = 'raised' AND after NOT IN ('unacknowledged'))   AS withheld,
    countIf(cause = 'acknowledged')                                 AS acknowledged,
    countIf(cause = 'confirmed')                                    AS confirmed,
    countIf(cause = 'false')                                        AS called_false,
    called_false / nullIf(confirmed + called_false, 0)              AS false_share
FROM alarms
WHERE rule != ''
GROUP BY run, plant, rule
COMMENT 'Alarms of each detector, and the feedback on them';
