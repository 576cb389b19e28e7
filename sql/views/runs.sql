-- Which processings of each log are there, over which ranges, and which one counts where they overlap?
-- The run that processed a message last counts for it: `current` marks the run that landed last.
CREATE OR REPLACE VIEW runs
(
    pipeline      LowCardinality(String) COMMENT 'Pipeline',
    stream        LowCardinality(String) COMMENT 'Partition of the log',
    created       LowCardinality(String) COMMENT 'When the stream was created',
    run           LowCardinality(String) COMMENT 'Processing of the log',
    from_sequence UInt64                 COMMENT 'First message',
    to_sequence   UInt64                 COMMENT 'Last message',
    from_appended DateTime64(6, 'UTC')   COMMENT 'When the broker took the first',
    to_appended   DateTime64(6, 'UTC')   COMMENT 'When the broker took the last',
    epochs        UInt64                 COMMENT 'Epochs',
    messages      UInt64                 COMMENT 'Messages',
    rows          UInt64                 COMMENT 'Rows of all tables',
    current       UInt8                  COMMENT 'It landed last of its log'
)
AS
SELECT
    pipeline,
    stream,
    created,
    run,
    min(first_sequence) AS from_sequence,
    max(last_sequence)  AS to_sequence,
    min(first_appended) AS from_appended,
    max(last_appended)  AS to_appended,
    count()             AS epochs,
    sum(messages)       AS messages,
    sum(rows)           AS rows,
    run = last_value(run) OVER (
        PARTITION BY pipeline, stream, created
        ORDER BY max(landed), run
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )                   AS current
FROM epochs FINAL
GROUP BY pipeline, stream, created, run
COMMENT 'Processings of the logs';
