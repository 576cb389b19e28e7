-- What is the latest phase of each anomaly? `phase` shows whether it still stands.
CREATE OR REPLACE VIEW anomalies_now
(
    stream        LowCardinality(String)               COMMENT 'Partition of the log that the row came from',
    run           LowCardinality(String)               COMMENT 'Processing of the log that wrote the row',
    sequence      UInt64                               COMMENT 'Message of the stream that caused the row',
    appended      DateTime64(6, 'UTC')                 COMMENT 'When the broker took that message',
    plant         LowCardinality(String)               COMMENT 'Plant',
    line          LowCardinality(String)               COMMENT 'Line of the plant',
    asset         LowCardinality(String)               COMMENT 'Asset of the line',
    id            String                               COMMENT 'The same for all phases of one anomaly',
    phase         LowCardinality(String)               COMMENT 'raised, updated or cleared',
    revision      UInt32                               COMMENT 'Counts the phases from 1',
    rule          LowCardinality(String)               COMMENT 'Detector',
    detector      LowCardinality(String)               COMMENT 'Kind of the detector',
    signal        LowCardinality(String)               COMMENT 'Signal',
    point         LowCardinality(String)               COMMENT 'Measuring point',
    component     LowCardinality(String)               COMMENT 'Component',
    failure_mode  LowCardinality(String)               COMMENT 'Failure mode',
    severity      LowCardinality(String)               COMMENT 'Severity',
    since         DateTime64(6, 'UTC')                 COMMENT 'First breach of the unbroken run',
    time          DateTime64(6, 'UTC')                 COMMENT 'Event time of this phase',
    value         Float64                              COMMENT 'The value',
    limit         Float64                              COMMENT 'What it was compared with',
    score         Float64                              COMMENT 'How far beyond',
    unit          LowCardinality(String)               COMMENT 'Unit of value and limit',
    reason        String                               COMMENT 'One sentence for people',
    evidence      String                               COMMENT 'JSON of the facts that it rests on',
    state         LowCardinality(String)               COMMENT 'PackML state at the time',
    mode          LowCardinality(String)               COMMENT 'Mode at the time',
    `order`       LowCardinality(String)               COMMENT 'Production order at the time',
    product       LowCardinality(String)               COMMENT 'Product at the time',
    sensor        LowCardinality(String)               COMMENT 'What measured it: direction, quantity, mounting',
    contributions Map(LowCardinality(String), Float64) COMMENT 'What each signal adds to a score of several, as shares of 1',
    part          LowCardinality(String)               COMMENT 'Bearing part whose lines stand out in the same waveform',
    advice        LowCardinality(String)               COMMENT 'What to look at',
    alarm         LowCardinality(String)               COMMENT 'Alarm state after this phase (ISA-18.2)',
    withheld      LowCardinality(String)               COMMENT 'Why it was withheld from patterns and people; empty when it was not',
    cause         LowCardinality(String)               COMMENT 'Why it cleared: well, rule changed, asset removed …; empty in other phases'
)
AS
SELECT fact.*
FROM anomalies AS fact
LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
WHERE NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
ORDER BY fact.revision DESC, fact.sequence DESC
LIMIT 1 BY fact.plant, fact.line, fact.asset, fact.id
COMMENT 'Anomalies as they are now';
