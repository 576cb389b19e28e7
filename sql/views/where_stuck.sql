-- What is stuck, and where: at its source, in the worker, at the broker, at a gateway in front of a system, or in the system itself?
-- Source: signals that are silent while others of their line are heard. Worker: it said that its log stands still. Broker: it was
-- away; or something was decided and landed a minute ago, and nobody who carries out work has had it. Gateway and target: by the
-- last call that failed. What waits behind others to the same system is stuck where they are, while the newest that was heard of
-- that system is a call that failed, and not longer ago than a system may make anybody wait (an hour) and a quarter. A request that
-- nobody has tried is of no system yet: where there are several, it is at the broker.
CREATE OR REPLACE VIEW where_stuck
(
    place   String                        COMMENT 'source, worker, broker, gateway or target',
    system  String                        COMMENT 'System that it is brought to; empty for others',
    plant   String                        COMMENT 'Plant; empty where it is of no plant alone',
    line    String                        COMMENT 'Line of the plant',
    asset   String                        COMMENT 'Asset of the line',
    kind    String                        COMMENT 'signals, log, request or command',
    id      String                        COMMENT 'Request, command or stream',
    request String                        COMMENT 'Request that it is for; empty for none',
    since   DateTime64(6, 'UTC')          COMMENT 'Since when',
    text    String                        COMMENT 'What was found, for people'
)
AS
WITH
    known AS (SELECT * FROM deliveries FINAL),
    (SELECT max(last_appended) FROM epochs) AS appended,
    heard AS
    (
        SELECT
            lane, system, argMax(place, time) AS place, argMax(note, time) AS note, argMax(state, time) AS state,
            max(time) AS latest, count() OVER (PARTITION BY lane) AS systems
        FROM known
        WHERE lane IN ('requests', 'commands')
        GROUP BY lane, system
    ),
    places AS (SELECT * FROM heard WHERE state = 'delayed' AND latest > appended - INTERVAL 75 MINUTE)
SELECT
    'source' AS place, '' AS system, toString(health.plant) AS plant, toString(health.line) AS line, toString(health.asset) AS asset,
    'signals' AS kind, '' AS id, '' AS request, max(health.latest_time) AS since,
    concat('silent: ', arrayStringConcat(arraySort(groupArray(toString(health.signal))), ', ')) AS text
FROM sensor_health AS health
WHERE health.verdict = 'silent'
GROUP BY plant, line, asset
UNION ALL
SELECT toString(known.place), '', '', '', '', 'log', known.id, '', known.since, known.note
FROM known
WHERE known.lane = 'log' AND known.place != ''
UNION ALL
SELECT
    multiIf(tried.state = 'rejected', 'target', tried.state = 'delayed', tried.place, places.place != '', toString(places.place), 'broker'),
    if(tried.state != '', tried.system, toString(places.system)), toString(request.plant), toString(request.line), toString(request.asset),
    'request', request.id, request.id, if(tried.state != '', tried.since, request.appended),
    multiIf(
        tried.state != '', concat(tried.state, ': ', tried.note),
        places.place != '', concat('waits behind others: ', places.note),
        'landed, and nobody who carries out requests has it'
    )
FROM (SELECT 'request' AS kind, * FROM open_requests) AS request
LEFT JOIN
(
    SELECT
        id, argMax(toString(system), revision) AS system, argMax(toString(state), revision) AS state,
        argMax(toString(place), revision) AS place, argMax(since, revision) AS since, argMax(note, revision) AS note
    FROM known
    WHERE lane = 'requests'
    GROUP BY id
) AS tried ON request.id = tried.id
LEFT JOIN (SELECT 'request' AS kind, * FROM places WHERE lane = 'requests' AND systems = 1) AS places ON places.kind = request.kind
WHERE tried.state IN ('delayed', 'rejected')
   OR (tried.state = '' AND request.appended < appended - INTERVAL 1 MINUTE AND request.id NOT IN (SELECT id FROM request_statuses))
UNION ALL
SELECT
    multiIf(tried.state = 'delayed', toString(tried.place), places.place != '', toString(places.place), 'broker'),
    toString(command.system), toString(command.plant), toString(command.line), toString(command.asset),
    'command', command.id, command.request, if(tried.state = 'delayed', tried.since, command.decided),
    concat(command.verb, ': ', multiIf(
        tried.state = 'delayed', tried.note,
        places.place != '', concat('waits behind others: ', places.note),
        'landed, and nobody who carries out commands has it'
    ))
FROM (SELECT * FROM command_times AS one WHERE one.answered IS NULL) AS command
LEFT JOIN (SELECT * FROM known WHERE lane = 'commands') AS tried ON command.system = tried.system AND command.id = tried.id
LEFT JOIN (SELECT * FROM places WHERE lane = 'commands') AS places ON command.system = places.system
WHERE tried.state = 'delayed' OR (tried.state = '' AND command.decided < appended - INTERVAL 1 MINUTE)
COMMENT 'What is stuck between a machine and the systems around, and where';
