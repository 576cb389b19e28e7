-- Did each repair last? One row per request that was completed in the CMMS. It lasted where no other request came for the same
-- component of the machine within 30 days of its completion that was not withdrawn; NULL while those days are not over, also where one
-- has come: else a plant would have nothing but repairs that did not last, until it is 30 days old.
CREATE OR REPLACE VIEW repairs
(
    plant     LowCardinality(String) COMMENT 'Plant',
    line      LowCardinality(String) COMMENT 'Line of the plant',
    asset     LowCardinality(String) COMMENT 'Asset of the line',
    request   String                 COMMENT 'Request',
    component LowCardinality(String) COMMENT 'Component; empty: the asset as a whole',
    completed DateTime64(6, 'UTC')   COMMENT 'When it was done',
    next      String                 COMMENT 'The request that came again; empty for none',
    lasted    Nullable(Bool)         COMMENT 'None came within 30 days; null: they are not over'
)
AS
WITH done AS
(
    SELECT
        times.plant AS plant, times.line AS line, times.asset AS asset, times.id AS request, request.component AS component,
        assumeNotNull(times.completed) AS completed
    FROM request_times AS times
    INNER JOIN current_requests AS request ON times.id = request.id
    WHERE times.completed IS NOT NULL
)
SELECT
    done.plant AS plant, done.line AS line, done.asset AS asset, done.request AS request,
    any(done.component) AS component, any(done.completed) AS completed,
    argMinIf(
        again.id, again.opened, again.id != done.request AND again.action != 'withdraw' AND again.opened > done.completed
            AND again.opened <= done.completed + INTERVAL 30 DAY
    ) AS next,
    CAST(if(any(newest.time) >= completed + INTERVAL 30 DAY, next = '', NULL), 'Nullable(Bool)') AS lasted
FROM done
LEFT JOIN current_requests AS again
  ON done.plant = again.plant AND done.line = again.line AND done.asset = again.asset AND done.component = again.component
LEFT JOIN newest ON done.plant = newest.plant AND done.line = newest.line
GROUP BY done.plant, done.line, done.asset, done.request
COMMENT 'Repairs that were done, and whether they lasted';
