-- Do the rollups say something else than the readings they are made of? Then rows landed before the rollups were there, or an insert was not tried again.
SELECT
    level, stream, run, plant, line, asset, signal,
    sum(readings)  AS readings,
    sum(rolled_up) AS rolled_up
FROM
(
    SELECT
        arrayJoin(['1m', '1h', '1d']) AS level, stream, run, plant, line, asset, signal,
        count() AS readings, 0 AS rolled_up, sum(value) AS total
    FROM readings
    WHERE isFinite(value) AND quality != 'suspect'
    GROUP BY stream, run, plant, line, asset, signal
    UNION ALL
    SELECT '1m', stream, run, plant, line, asset, signal, 0, sum(count), -sum(sum)
    FROM readings_1m GROUP BY stream, run, plant, line, asset, signal
    UNION ALL
    SELECT '1h', stream, run, plant, line, asset, signal, 0, sum(count), -sum(sum)
    FROM readings_1h GROUP BY stream, run, plant, line, asset, signal
    UNION ALL
    SELECT '1d', stream, run, plant, line, asset, signal, 0, sum(count), -sum(sum)
    FROM readings_1d GROUP BY stream, run, plant, line, asset, signal
) AS part
GROUP BY level, stream, run, plant, line, asset, signal
HAVING sum(part.readings) != sum(part.rolled_up) OR abs(sum(part.total)) > 1e-9 * sum(abs(part.total)) + 1e-9
ORDER BY level, stream, run, plant, line, asset, signal;
