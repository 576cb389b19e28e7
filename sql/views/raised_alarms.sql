-- Which alarms were there? One row per anomaly that was raised and not withheld (shelved, suppressed, out of service).
CREATE OR REPLACE VIEW raised_alarms
(
    plant    LowCardinality(String) COMMENT 'Plant',
    line     LowCardinality(String) COMMENT 'Line of the plant',
    asset    LowCardinality(String) COMMENT 'Asset of the line',
    id       String                 COMMENT 'Anomaly',
    time     DateTime64(6, 'UTC')   COMMENT 'When it was raised',
    since    DateTime64(6, 'UTC')   COMMENT 'First breach',
    rule     LowCardinality(String) COMMENT 'Detector',
    detector LowCardinality(String) COMMENT 'Kind of the detector',
    signal   LowCardinality(String) COMMENT 'Signal',
    severity LowCardinality(String) COMMENT 'Severity',
    reason   String                 COMMENT 'The sentence of the detector',
    appended DateTime64(6, 'UTC')   COMMENT 'When the broker took the message that led to it'
)
AS
SELECT
    fact.plant AS plant, fact.line AS line, fact.asset AS asset, fact.id AS id, fact.time AS time, fact.since AS since,
    fact.rule AS rule, fact.detector AS detector, fact.signal AS signal, fact.severity AS severity, fact.reason AS reason,
    fact.appended AS appended
FROM anomalies AS fact FINAL
LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
WHERE fact.phase = 'raised' AND fact.withheld = '' AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
LIMIT 1 BY plant, line, asset, id
COMMENT 'Alarms: anomalies as they were raised';
