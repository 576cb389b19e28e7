-- Are there messages between two epochs of one run that no epoch has processed, and that nothing in dead_letters accounts for?
SELECT
    epoch.pipeline       AS pipeline,
    epoch.run            AS run,
    epoch.stream         AS stream,
    previous_last + 1    AS missing_from,
    first_sequence - 1   AS missing_to
FROM
(
    SELECT
        *,
        lagInFrame(last_sequence, 1, 0) OVER (
            PARTITION BY pipeline, run, stream, created
            ORDER BY first_sequence
            ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ) AS previous_last
    FROM epochs FINAL
) AS epoch
WHERE previous_last > 0
  AND first_sequence > previous_last + 1
  AND (stream, run) NOT IN (SELECT stream, run FROM dead_letters WHERE reason IN ('trimmed', 'gap'))
ORDER BY pipeline, run, stream, missing_from;
