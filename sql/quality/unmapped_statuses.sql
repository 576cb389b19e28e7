-- Which word for a status does nobody understand?
SELECT
    '' AS plant, 'status' AS entity, system, [word] AS objects,
    concat('nobody says what ', word, ' means in ', system) AS text,
    concat('Map it: { entity: status, system: ', system, ', remote: ', word, ', id: … }.') AS proposal
FROM
(
    SELECT system, fields['status'] AS word FROM master_now WHERE fields['status'] != ''
    UNION ALL
    SELECT system, remote AS word FROM master_now WHERE entity = 'status'
)
WHERE system NOT IN ('governance', 'telemetry')
  AND (system, word) NOT IN (SELECT system, remote FROM master_mappings_now WHERE entity = 'status' AND state = 'in force')
GROUP BY system, word
ORDER BY system, word;
