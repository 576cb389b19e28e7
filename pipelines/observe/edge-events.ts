import { counter, eventKind, gauge } from './event-kind.ts';

const AWAY = ['edge_centre_away', '1 while the centre is away and messages are held.'] as const;

/** Internal events of an edge. A new kind is one entry here. */
export const EDGE_EVENTS = {
  'edge-started': eventKind<{ edge: string; sources: number; url: string }>(
    'info',
    (e) => `edge ${e.edge} brings ${e.sources} sources; status and metrics at ${e.url}`,
  ),
  'source-connected': eventKind<{ source: string; kept: boolean }>(
    'info',
    (e) => `source ${e.source} is connected${e.kept ? ', its session was kept' : ''}`,
    gauge('edge_source_connected', '1 while a source is connected.', () => 1, ['source']),
  ),
  'source-away': eventKind<{ source: string; reason: string }>(
    'warn',
    (e) => `source ${e.source} is away: ${e.reason}`,
    gauge('edge_source_connected', '1 while a source is connected.', () => 0, ['source']),
    counter('edge_source_disconnections_total', 'Times that a source went away.', ['source']),
  ),
  /** Nobody was subscribed to it for a time; `without`: nodes of which the server has no history. */
  'source-gap': eventKind<{
    source: string;
    from: number;
    to: number;
    recovered: number;
    without: number;
  }>(
    'warn',
    (e) =>
      `source ${e.source} has a gap from ${new Date(e.from).toISOString()} to ` +
      `${new Date(e.to).toISOString()}: ${e.recovered} values came of its history, ` +
      `${e.without} nodes have none`,
    counter('edge_source_gaps_total', 'Times of which values of a source are missing.', ['source']),
    counter(
      'edge_source_recovered_total',
      'Values that came of the history of a source.',
      ['source'],
      (e) => e.recovered,
    ),
  ),
  /** Counts of about a second. */
  'edge-traffic': eventKind<{
    source: string;
    in_messages: number;
    in_bytes: number;
    up_messages: number;
    up_bytes: number;
  }>(
    'debug',
    (e) => `source ${e.source}: ${e.in_messages} messages in, ${e.up_messages} up`,
    counter('edge_in_messages_total', 'Messages that came in.', ['source'], (e) => e.in_messages),
    counter('edge_in_bytes_total', 'Bytes of payload that came in.', ['source'], (e) => e.in_bytes),
    counter('edge_up_messages_total', 'Messages that go up.', ['source'], (e) => e.up_messages),
    counter('edge_up_bytes_total', 'Bytes of payload that go up.', ['source'], (e) => e.up_bytes),
  ),
  /** `told`: it is counted, and was said a short time ago. */
  'edge-refused': eventKind<{
    source: string;
    reason: string;
    count: number;
    detail: string;
    told: boolean;
  }>(
    (e) => (e.told ? 'debug' : 'warn'),
    (e) => `source ${e.source}: ${e.count} did not go up (${e.reason}): ${e.detail}`,
    counter(
      'edge_refused_total',
      'Values and messages that did not go up, by reason.',
      ['source', 'reason'],
      (e) => e.count,
    ),
  ),
  'centre-away': eventKind<{ reason: string }>(
    'warn',
    (e) => `the centre is away, messages are held: ${e.reason}`,
    gauge(...AWAY, () => 1),
  ),
  'centre-back': eventKind<{ domain: string }>(
    'info',
    (e) => `the centre (${e.domain}) takes what comes`,
    gauge(...AWAY, () => 0),
  ),
  'edge-lost': eventKind<{ count: number; bytes: number }>(
    'error',
    (e) => `${e.count} of the oldest held messages are lost: the memory is full (${e.bytes} bytes)`,
    counter('edge_lost_total', 'Held messages that the bounds removed.', [], (e) => e.count),
  ),
  'edge-given-back': eventKind<{ machine: string; count: number }>(
    'info',
    (e) => `${e.machine} is in assets now: ${e.count} messages that were kept of it go up`,
    counter(
      'edge_given_back_total',
      'Kept messages of machines that are known now.',
      [],
      (e) => e.count,
    ),
  ),
  'edge-trouble': eventKind<{ where: string; error: Error }>(
    'warn',
    (e) => `${e.where}: ${e.error.message}`,
    counter('edge_troubles_total', 'Steps of an edge that failed and are tried again.'),
  ),
};
