SELECT name, value, readonly FROM system.settings LIMIT 10000
SELECT name, value, changed, description, type, readonly FROM system.settings
SELECT version(), timezone()
SELECT 1 FORMAT Native
SELECT name, type FROM system.columns WHERE database = 'andon'
DESCRIBE TABLE `andon`.`readings`
DESCRIBE TABLE `readings`
SELECT * FROM readings LIMIT 0
SELECT * FROM readings WHERE asset = 'press-1' AND time > '2026-11-22 00:00:00' LIMIT 100
SELECT * FROM readings WHERE asset IN ('a', 'b') AND value BETWEEN 1 AND 2
SELECT asset, signal, groupArray(time) AS t, groupArray(value) AS v FROM readings GROUP BY asset, signal
SELECT toStartOfMinute(time) AS m, asset, avg(value) FROM readings GROUP BY m, asset ORDER BY m FORMAT Native
SELECT * FROM windows_final LIMIT 1000 FORMAT Native
SELECT * FROM anomalies FINAL
SELECT count() FROM waveforms
SELECT samples FROM waveforms LIMIT 1
SELECT arraySum(x -> x * x, arrayMap(s -> toFloat64(s), samples)) AS energy FROM waveforms LIMIT 10
SELECT sqrt(arrayAvg(arrayMap(s -> s * s, samples))) AS rms FROM waveforms LIMIT 10
SELECT arrayFilter(x -> x > 0, [1, -1, 2]) AS up, arrayZip([1, 2], ['a', 'b']) AS z, arrayReduce('sum', [1, 2]) AS s
SELECT number, rand() FROM numbers(10)
SELECT * FROM generateSeries(1, 10)
SELECT * FROM values('a UInt8, b String', (1, 'x'), (2, 'y'))
SELECT toDate('2026-11-22') + number AS day FROM numbers(30)
SELECT d.day, count(r.asset) AS n FROM (SELECT toDate('2026-11-22') + number AS day FROM numbers(3)) AS d LEFT JOIN readings AS r ON toDate(r.time) = d.day GROUP BY d.day
SELECT plant, line, asset, max(time) AS last FROM readings GROUP BY plant, line, asset HAVING last < now() - INTERVAL 10 MINUTE
SELECT asset, simpleLinearRegression(toUnixTimestamp(time), value) AS trend FROM readings WHERE isFinite(value) GROUP BY asset
SELECT uniqExact(id), uniqCombined(id), topK(3)(rule), anyLast(severity), argMax(value, time), groupUniqArray(rule) FROM anomalies
SELECT sumMap(contributions) FROM anomalies
SELECT formatReadableSize(sum(bytes_on_disk)) FROM system.parts WHERE database = 'andon'
SELECT formatDateTime(time, '%Y-%m-%d %H:%i') AS minute, dateName('weekday', time) AS day FROM readings LIMIT 1
SELECT COLUMNS('^(hour|asset|least)$') FROM readings_by_hour LIMIT 10
SELECT * EXCEPT (stream, run) REPLACE (round(value, 1) AS value) FROM readings LIMIT 10
SELECT * EXCEPT (stream, run, text, plant, line, asset, signal, quality) APPLY max FROM readings
SELECT COLUMNS('oee|quality') APPLY(x -> round(x, 2)) FROM oee_by_day
SELECT tupleElement((1, 'a'), 2), (1, 'a').1, map('a', 1)['a'], [1, 2, 3][-1], toTypeName(now64(3))
SELECT if(value > 80, 'hot', 'cold') AS heat, count() FROM readings GROUP BY heat SETTINGS max_threads = 2
SELECT throwIf(count() > 1000000000, 'too many') FROM readings
SELECT cityHash64(asset), hex(MD5(asset)), base64Encode(asset), UUIDNumToString(toFixedString(unhex('612f3c40cb5311e7907ba6006ad3dba0'), 16)) FROM readings LIMIT 1
