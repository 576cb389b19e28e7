-- Which processings of each log are there, over which ranges, and which one counts where they overlap?
-- The run that processed a message last counts for it: `current` says so for whole runs.
CREATE OR REPLACE VIEW runs AS
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
GROUP BY pipeline, stream, created, run;
