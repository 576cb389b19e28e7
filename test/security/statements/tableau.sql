SELECT 1 AS "COL"
SELECT 1
SELECT version() AS "ver"
select table_schema, table_name, table_type from information_schema.tables where table_schema = 'andon'
SELECT "table_name" FROM "information_schema"."tables" WHERE "table_schema" = 'andon' ORDER BY 1
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'andon' AND table_name = 'readings'
SELECT "readings"."asset" AS "asset" FROM "andon"."readings" "readings" GROUP BY "asset"
SELECT "readings"."asset" AS "asset", SUM("readings"."value") AS "sum:value:ok" FROM "andon"."readings" "readings" GROUP BY "asset"
SELECT "readings"."asset" AS "asset", AVG(toFloat64("readings"."value")) AS "avg:value:ok", COUNT(1) AS "cnt:1:ok" FROM "andon"."readings" "readings" GROUP BY "asset" ORDER BY "asset" ASC
SELECT DATE_TRUNC('month', "readings"."time") AS "tmn:time:ok", SUM("readings"."value") AS "sum:value:ok" FROM "andon"."readings" "readings" GROUP BY "tmn:time:ok"
SELECT DATE_TRUNC('day', CAST("readings"."time" AS DateTime)) AS "tdy:time:ok" FROM "andon"."readings" "readings" GROUP BY 1
SELECT EXTRACT(YEAR FROM "readings"."time") AS "yr:time:ok", EXTRACT(MONTH FROM "readings"."time") AS "mn:time:ok" FROM "andon"."readings" "readings" GROUP BY 1, 2
SELECT toYear("readings"."time") AS "yr:time:ok", toQuarter("readings"."time") AS "qr:time:ok" FROM "andon"."readings" "readings" GROUP BY "yr:time:ok", "qr:time:ok"
SELECT (CASE WHEN ("t0"."oee" > 0.85) THEN 'world class' WHEN ("t0"."oee" > 0.6) THEN 'typical' ELSE 'low' END) AS "Calculation_1234567890" FROM "andon"."oee_by_day" "t0" GROUP BY "Calculation_1234567890"
SELECT "t0"."asset" AS "asset", "t1"."n" AS "n" FROM (SELECT "asset" FROM "andon"."assets" GROUP BY "asset") "t0" INNER JOIN (SELECT "asset", COUNT(*) AS "n" FROM "andon"."anomalies" GROUP BY "asset") "t1" ON ("t0"."asset" = "t1"."asset")
SELECT MIN("readings"."time") AS "min", MAX("readings"."time") AS "max" FROM "andon"."readings" "readings" HAVING (COUNT(1) > 0)
SELECT * FROM (SELECT * FROM readings) "Custom SQL Query" LIMIT 0
SELECT "Custom SQL Query"."asset" AS "asset" FROM (SELECT asset, signal FROM readings) "Custom SQL Query" WHERE ("Custom SQL Query"."signal" = 'temperature') GROUP BY "asset"
SELECT UPPER("asset") AS "a", LOWER("line") AS "l", LENGTH("signal") AS "n", TRIM("plant") AS "p", LEFT("asset", 3) AS "f", RIGHT("asset", 3) AS "r" FROM "andon"."readings" LIMIT 1
SELECT COALESCE("due", "time") AS "d", NULLIF("title", '') AS "t", IF("revision" > 1, 'again', 'new') AS "r" FROM "andon"."requests"
SELECT ROUND("value", 2) AS "v", CEIL("value") AS "c", FLOOR("value") AS "f", ABS("value") AS "a", SQRT(ABS("value")) AS "s", POWER("value", 2) AS "p", LN(ABS("value") + 1) AS "l" FROM "andon"."readings" LIMIT 1
SELECT STDDEV_SAMP("value") AS "std:value:ok", VAR_SAMP("value") AS "var:value:ok" FROM "andon"."readings"
SELECT median("value") AS "med:value:ok" FROM "andon"."readings" WHERE isFinite("value")
SELECT COUNT(DISTINCT "asset") AS "ctd:asset:ok" FROM "andon"."readings"
SELECT "asset" AS "asset", SUM("value") AS "$__alias__0" FROM "andon"."readings" GROUP BY 1 ORDER BY "$__alias__0" DESC LIMIT 10
SELECT DATEDIFF('minute', "opened", "time") AS "m" FROM "andon"."requests"
SELECT DATE_ADD(day, 7, "opened") AS "d", DATE_SUB(hour, 2, "opened") AS "h" FROM "andon"."requests"
SELECT CAST("value" AS VARCHAR) AS "v", CAST("sequence" AS BIGINT) AS "s", CAST("time" AS DATE) AS "d" FROM "andon"."readings" LIMIT 1
SELECT POSITION('press' IN "asset") AS "p", REPLACE("asset", '-', ' ') AS "r", SUBSTRING("asset" FROM 1 FOR 3) AS "s", CONCAT("plant", '.', "line") AS "c" FROM "andon"."readings" LIMIT 1
SELECT "asset", RANK() OVER (ORDER BY COUNT(*) DESC) AS "rank" FROM "andon"."anomalies" GROUP BY "asset"
SELECT "asset", DENSE_RANK() OVER (PARTITION BY "plant" ORDER BY "oee" DESC) AS "r", FIRST_VALUE("day") OVER (PARTITION BY "asset" ORDER BY "day" ASC) AS "f" FROM "andon"."oee_by_day"
SELECT "severity", "n" FROM (SELECT "severity", COUNT(*) AS "n" FROM "andon"."anomalies" GROUP BY "severity") "x" WHERE NOT (("n" IS NULL) OR ("n" = 0)) AND ("severity" NOT IN ('low', 'info'))
SELECT "asset" FROM "andon"."readings" WHERE "asset" IN (SELECT "asset" FROM "andon"."anomalies" WHERE "severity" = 'critical') GROUP BY "asset"
SELECT "asset" FROM "andon"."assets" EXCEPT SELECT "asset" FROM "andon"."anomalies"
