-- Are there messages that two epochs of one run have processed? Then rows of theirs are doubled.
SELECT
    pipeline, run, stream, created,
    first_sequence,
    last_sequence,
    previous_last
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
)
WHERE previous_last >= first_sequence
ORDER BY pipeline, run, stream, first_sequence;
