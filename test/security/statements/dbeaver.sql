SELECT 1
select version(), timezone()
SELECT displayName(), version(), revision(), timezone()
select name, value from system.settings where name = 'max_execution_time'
USE andon
SELECT currentUser(), currentDatabase()
select * from system.databases
select name, engine, comment from system.databases order by name
select * from system.tables where database='andon'
select * from system.columns where database='andon' and table='readings' order by position
SELECT t.database AS TABLE_SCHEM, t.name AS TABLE_NAME, t.comment AS REMARKS FROM system.tables AS t JOIN system.databases AS d ON t.database = d.name WHERE t.database LIKE 'andon' AND t.name LIKE '%'
SELECT database, table, name, type, replaceRegexpOne(type, '.*(DateTime64).*', '\\1') AS dt, is_in_primary_key, default_expression, comment, position FROM system.columns WHERE database LIKE 'andon' AND table LIKE 'readings' ORDER BY database, table, position
select name, type_full, granularity from system.data_skipping_indices where database='andon' and table='readings'
select partition, name, rows, bytes_on_disk from system.parts where active and database='andon' and table='readings'
select sum(rows), sum(data_compressed_bytes), sum(data_uncompressed_bytes) from system.parts where active and database='andon'
SELECT * FROM system.table_engines
SELECT * FROM system.data_type_families
SELECT name FROM system.functions
SELECT name, is_aggregate FROM system.functions WHERE case_insensitive
SELECT * FROM system.formats
SELECT keyword FROM system.keywords
SHOW CREATE TABLE andon.readings
SHOW CREATE TABLE andon.open_requests
SHOW TABLES
SHOW FULL TABLES FROM andon LIKE '%read%'
SHOW COLUMNS FROM readings
SHOW INDEX FROM andon.readings
SHOW DICTIONARIES
DESCRIBE andon.waveforms
EXPLAIN SELECT * FROM andon.readings WHERE asset = 'press-1'
EXPLAIN indexes = 1 SELECT * FROM andon.readings WHERE plant = 'p1'
EXPLAIN AST SELECT 1
EXPLAIN PIPELINE SELECT count() FROM andon.readings
SELECT * FROM andon.readings LIMIT 0, 200
SELECT count(*) FROM andon.readings
SELECT x.* FROM andon.requests x WHERE x.id = '' LIMIT 200
SELECT * FROM (SELECT * FROM andon.anomalies) z ORDER BY z.time DESC LIMIT 200 OFFSET 200
