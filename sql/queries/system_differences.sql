-- What do systems hold otherwise than it was decided, by the last comparison of everything in each?
-- group: systems
-- system = : this system; all if empty
WITH latest AS
(
    SELECT system, lane, argMax(id, time) AS id FROM reconciliations WHERE kind = 'compared' AND full GROUP BY system, lane
)
SELECT
    system, lane, kind, verb, of, request, plant, line, asset, remotes, field, ours, theirs, since, text, mend, mended, time
FROM reconciliations FINAL
WHERE (system, lane, id) IN (SELECT system, lane, id FROM latest) AND kind != 'compared'
  AND ({system:String} = '' OR system = {system:String})
ORDER BY system, lane, kind, of, field;
