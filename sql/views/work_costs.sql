-- What does each work cost? `posted` is what a system said that it has booked: whatever its answer calls `cost`. All else is an
-- estimate of ours: a part at the price that the system last named, where nothing is posted for it; and the stop that the request was
-- weighed with, which is 0 in a slot. What was taken back counts no more; of a request that was withdrawn, or that the CMMS has refused or
-- cancelled, nothing is estimated. Amounts of two currencies are never added: that of the plant model is known; whatever a system calls
-- `currency` is that of its answer, else it has none.
CREATE OR REPLACE VIEW work_costs
(
    plant    LowCardinality(String) COMMENT 'Plant',
    line     LowCardinality(String) COMMENT 'Line of the plant',
    asset    LowCardinality(String) COMMENT 'Asset of the line',
    request  String                 COMMENT 'Request or work order',
    kind     String                 COMMENT 'parts, labour, service, other; or stop',
    basis    String                 COMMENT 'posted: a system has booked it; estimate: our own figure',
    what     String                 COMMENT 'Part or vendor; empty for none',
    quantity Nullable(Float64)      COMMENT 'Parts or hours',
    amount   Float64                COMMENT 'In the currency',
    currency LowCardinality(String) COMMENT 'As the system names it, or the plant model; empty where neither does',
    system   String                 COMMENT 'System that said so; empty for our own figure',
    object   String                 COMMENT 'What was booked there',
    command  String                 COMMENT 'Command that it answers',
    time     DateTime64(6, 'UTC')   COMMENT 'When it was said'
)
AS
WITH
    -- Requests of which nothing is to be done.
    dropped AS
    (
        SELECT id FROM current_requests WHERE action = 'withdraw'
        UNION ALL
        SELECT id FROM request_statuses GROUP BY id HAVING argMax(status, sequence) IN ('rejected', 'cancelled')
    ),
    answers AS
    (
        SELECT
            command.*, JSONExtractString(command.payload, 'part') AS part, JSONExtractString(command.payload, 'vendor') AS vendor,
            JSONExtract(command.payload, 'hours', 'Nullable(Float64)')    AS hours,
            JSONExtract(command.payload, 'quantity', 'Nullable(Float64)') AS quantity,
            JSONExtract(command.reply, 'cost', 'Nullable(Float64)')       AS cost,
            JSONExtract(command.reply, 'unit_price', 'Nullable(Float64)') AS price,
            JSONExtractString(command.reply, 'currency')                  AS currency,
            groupArrayIf(command.undoes, command.undoes != '') OVER (PARTITION BY command.request) AS undone
        FROM command_times AS command
        WHERE command.outcome = 'done'
    ),
    -- Of each part of a work: whether it is posted, and the latest price.
    figures AS
    (
        SELECT
            *, countIf(cost IS NOT NULL) OVER (PARTITION BY request, part) AS times_posted,
            row_number() OVER (PARTITION BY request, part, price IS NULL ORDER BY heard DESC) AS place
        FROM answers
        WHERE undoes = '' AND NOT has(undone, id)
    )
SELECT
    plant, line, asset, request,
    multiIf(part != '', 'parts', vendor != '', 'service', hours IS NOT NULL, 'labour', 'other') AS kind,
    if(cost IS NULL, 'estimate', 'posted') AS basis, if(part != '', part, vendor) AS what, if(part != '', quantity, hours) AS quantity,
    coalesce(cost, price * ifNull(quantity, 1), 0) AS amount, currency, toString(system) AS system,
    if(cost IS NULL, '', JSONExtractString(reply, 'remote')) AS object, id AS command, assumeNotNull(heard) AS time
FROM figures
WHERE cost IS NOT NULL OR (price IS NOT NULL AND part != '' AND times_posted = 0 AND place = 1 AND request NOT IN dropped)
UNION ALL
SELECT
    plant, line, asset, id, 'stop', 'estimate', '', NULL, if(slot_start IS NULL, assumeNotNull(stop_cost), 0),
    JSONExtractString(request, 'stop', 'currency'), '', '', '', time
FROM current_requests
WHERE stop_cost IS NOT NULL AND id NOT IN dropped
COMMENT 'What works cost: as systems have posted it, and as it is estimated';
