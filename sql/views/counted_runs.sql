-- Which messages does each processing of a log count for? `superseded` are the ranges that a later one processed again:
-- rows of those messages are left out by the other views, so that a log that was processed twice counts once.
CREATE OR REPLACE VIEW counted_runs
(
    pipeline      LowCardinality(String)       COMMENT 'Pipeline',
    stream        LowCardinality(String)       COMMENT 'Partition of the log',
    created       LowCardinality(String)       COMMENT 'When the stream was created',
    run           LowCardinality(String)       COMMENT 'Processing of the log',
    from_sequence UInt64                       COMMENT 'First message',
    to_sequence   UInt64                       COMMENT 'Last message',
    superseded    Array(Tuple(UInt64, UInt64)) COMMENT 'Ranges that a later run processed again',
    whole         UInt8                        COMMENT 'A later run processed all of it again'
)
AS
SELECT
    pipeline, stream, created, run, from_sequence, to_sequence,
    arrayFilter(
        range -> range.1 <= to_sequence AND range.2 >= from_sequence,
        groupArray((from_sequence, to_sequence)) OVER (
            PARTITION BY pipeline, stream, created
            ORDER BY latest DESC, run DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    ) AS superseded,
    arrayExists(range -> range.1 <= from_sequence AND range.2 >= to_sequence, superseded) AS whole
FROM
(
    SELECT
        pipeline, stream, created, run,
        min(first_sequence) AS from_sequence,
        max(last_sequence)  AS to_sequence,
        max(landed)         AS latest
    FROM epochs FINAL
    GROUP BY pipeline, stream, created, run
)
COMMENT 'Processings of the logs, and what of them was processed again later';
