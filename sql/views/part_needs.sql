-- Which parts did works need, were they there, and what was ordered for them? One row per request and part, from the commands
-- `check-stock`, `reserve`, `requisition` and `consume` of workflows. What was taken back (a command that undoes it was done) does not
-- count as ordered. NULL: nobody was asked, or has not answered.
CREATE OR REPLACE VIEW part_needs
(
    plant           LowCardinality(String)         COMMENT 'Plant',
    line            LowCardinality(String)         COMMENT 'Line of the plant',
    asset           LowCardinality(String)         COMMENT 'Asset of the line',
    request         String                         COMMENT 'Request or work order that needs it',
    part            String                         COMMENT 'Part',
    asked           DateTime64(6, 'UTC')           COMMENT 'When a system was first asked about it',
    needed          Float64                        COMMENT 'How many are needed: of the reservation, else of the question, else of the order; 1 where none says',
    available       Nullable(Float64)              COMMENT 'How many were free by the first answer on stock',
    short           Nullable(Float64)              COMMENT 'How many were missing by it',
    reserved        Nullable(Bool)                 COMMENT 'The last reservation was accepted and was not said to be short at first',
    ordered         Float64                        COMMENT 'How many were ordered and not taken back',
    order_asked     Nullable(DateTime64(6, 'UTC')) COMMENT 'When they were ordered',
    order_confirmed Nullable(DateTime64(6, 'UTC')) COMMENT 'When a system first said that the order is approved, ordered, confirmed or received',
    used            Nullable(Float64)              COMMENT 'How many were posted as used'
)
AS
WITH
    undone AS
    (
        SELECT command.undoes AS id FROM command_times AS command WHERE command.undoes != '' AND command.outcome = 'done'
    ),
    words AS
    (
        SELECT
            word.system AS system, word.id AS id,
            minOrNullIf(word.since, word.state IN ('approved', 'ordered', 'confirmed', 'received')) AS confirmed,
            argMin(word.state, word.since) AS first_state
        FROM command_states AS word
        GROUP BY system, id
    ),
    asks AS
    (
        SELECT
            command.plant AS plant, command.line AS line, command.asset AS asset, command.request AS request,
            JSONExtractString(command.payload, 'part') AS part, command.verb AS verb, command.decided AS decided,
            command.answered AS answered, command.outcome AS outcome, command.reply AS reply,
            JSONExtract(command.payload, 'quantity', 'Nullable(Float64)') AS quantity,
            words.confirmed AS confirmed, words.first_state AS first_state
        FROM command_times AS command
        LEFT JOIN words ON command.system = words.system AND command.id = words.id
        WHERE command.undoes = '' AND part != '' AND command.id NOT IN (SELECT id FROM undone)
    ),
    stock AS
    (
        SELECT
            request, part, argMin(JSONExtract(reply, 'available', 'Nullable(Float64)'), decided) AS available,
            argMin(JSONExtract(reply, 'short', 'Nullable(Float64)'), decided) AS short
        FROM asks
        WHERE verb = 'check-stock' AND outcome = 'done'
        GROUP BY request, part
    )
SELECT
    asks.plant AS plant, asks.line AS line, asks.asset AS asset, asks.request AS request, asks.part AS part,
    min(asks.decided) AS asked,
    coalesce(
        maxOrNullIf(asks.quantity, asks.verb = 'reserve'), maxOrNullIf(asks.quantity, asks.verb = 'check-stock'),
        maxOrNullIf(asks.quantity, asks.verb = 'requisition'), 1
    ) AS needed,
    any(stock.available) AS available,
    any(stock.short) AS short,
    argMaxOrNullIf(
        asks.outcome = 'done' AND asks.first_state != 'short', asks.decided, asks.verb = 'reserve' AND asks.answered IS NOT NULL
    ) AS reserved,
    sumIf(ifNull(asks.quantity, 0), asks.verb = 'requisition' AND asks.outcome = 'done') AS ordered,
    minOrNullIf(asks.decided, asks.verb = 'requisition') AS order_asked,
    minOrNullIf(asks.confirmed, asks.verb = 'requisition') AS order_confirmed,
    sumOrNullIf(asks.quantity, asks.verb = 'consume' AND asks.outcome = 'done') AS used
FROM asks
LEFT JOIN stock ON asks.request = stock.request AND asks.part = stock.part
GROUP BY asks.plant, asks.line, asks.asset, asks.request, asks.part
COMMENT 'Parts that works needed: whether they were there, what was ordered, and what was used';
