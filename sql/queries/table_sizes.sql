-- How large is each table, and what does a row cost on disk?
-- group: data
SELECT
    table,
    sum(part.rows)                                         AS rows,
    formatReadableSize(sum(part.bytes_on_disk))            AS on_disk,
    round(sum(part.bytes_on_disk) / sum(part.rows), 2)     AS bytes_per_row,
    count()                                                AS parts
FROM system.parts AS part
WHERE active AND database = currentDatabase()
GROUP BY table
ORDER BY sum(part.bytes_on_disk) DESC;
