-- Are there requests whose revisions are not 1, 2, 3 … without a hole, or whose current row is not the highest of them?
SELECT
    history.id             AS id,
    history.run            AS run,
    history.revisions      AS revisions,
    history.highest        AS highest,
    current.revision       AS current
FROM
(
    SELECT id, run, uniqExact(revision) AS revisions, max(revision) AS highest
    FROM request_history
    GROUP BY id, run
) AS history
LEFT JOIN
(
    SELECT id, run, revision
    FROM requests FINAL
) AS current USING (id, run)
WHERE revisions != highest OR current != highest
ORDER BY id, run;
