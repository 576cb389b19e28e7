-- Are there readings of the last hour of the log twice, from the same message of the same run?
SELECT
    stream, run, sequence, plant, line, asset, signal, time,
    count() AS readings
FROM readings
WHERE appended > (SELECT max(appended) - INTERVAL 1 HOUR FROM readings)
GROUP BY stream, run, sequence, plant, line, asset, signal, time
HAVING readings > 1
ORDER BY stream, run, sequence, signal, time
LIMIT 100;
