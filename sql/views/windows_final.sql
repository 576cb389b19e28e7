-- What is each window after all corrections? Early firings (version 0) of windows that have not fired are left out.
CREATE OR REPLACE VIEW windows_final
(
    stream       LowCardinality(String)               COMMENT 'Partition of the log that the row came from',
    run          LowCardinality(String)               COMMENT 'Processing of the log that wrote the row',
    sequence     UInt64                               COMMENT 'Message of the stream that caused the row',
    appended     DateTime64(6, 'UTC')                 COMMENT 'When the broker took that message',
    plant        LowCardinality(String)               COMMENT 'Plant',
    line         LowCardinality(String)               COMMENT 'Line of the plant',
    asset        LowCardinality(String)               COMMENT 'Asset of the line',
    signal       LowCardinality(String)               COMMENT 'Signal',
    `window`     LowCardinality(String)               COMMENT 'Id of the window rule',
    start        DateTime64(6, 'UTC')                 COMMENT 'First moment inside',
    `end`        DateTime64(6, 'UTC')                 COMMENT 'First moment after it',
    backfill     Bool                                 COMMENT 'Of stored values that were sent later',
    version      UInt32                               COMMENT '0 early, 1 when it fired, then one more per correction',
    count        UInt64                               COMMENT 'Readings in it',
    `first`      Float64                              COMMENT 'First value by time',
    `last`       Float64                              COMMENT 'Last value by time',
    min          Float64                              COMMENT 'Least value',
    max          Float64                              COMMENT 'Greatest value',
    sum          Float64                              COMMENT 'Sum',
    mean         Float64                              COMMENT 'Mean',
    deviation    Float64                              COMMENT 'Sample standard deviation; 0 for one value',
    rms          Float64                              COMMENT 'Root of the mean square',
    peak_to_peak Float64                              COMMENT 'max - min',
    crest        Float64                              COMMENT 'Largest magnitude over rms',
    slope        Float64                              COMMENT 'Least squares, per second',
    quantiles    Map(LowCardinality(String), Float64) COMMENT 'Estimated quantiles: p50, p99 …'
)
AS
SELECT fact.*
FROM windows AS fact FINAL
LEFT JOIN counted_runs AS counted ON fact.stream = counted.stream AND fact.run = counted.run
WHERE fact.version > 0 AND NOT arrayExists(range -> fact.sequence BETWEEN range.1 AND range.2, counted.superseded)
COMMENT 'Windows as corrected';
