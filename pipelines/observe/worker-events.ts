import { again, kind } from './internal-event-kind.ts';
import { counter, gauge, seconds } from './metrics.ts';

const HELD_BACK = [
  'back_pressure',
  '1 while nothing is pulled because too much waits to be landed.',
] as const;

/** What happens in a worker: its life, its log, epochs, checkpoints, sinks. A new internalEvent is one entry here. */
export const WORKER_EVENTS = {
  started: kind<{ pipeline: string; run: string; stream: string; owner: string }>(
    'info',
    (h) => `${h.pipeline}, run ${h.run}, works ${h.stream} as ${h.owner}`,
  ),
  draining: kind<{ reason: string }>('info', (h) => `draining: ${h.reason}`),
  drained: kind<{ to: number; milliseconds: number }>(
    'info',
    (h) => `drained up to message ${h.to} in ${Math.round(h.milliseconds)} ms`,
  ),
  'owner-lost': kind<{ stream: string; owner: string }>(
    'error',
    (h) => `${h.stream} is lost, this worker stops: ${h.owner}`,
    counter('owner_lost_total', 'Times that the partition was lost to another worker.'),
  ),
  'log-lag': kind<{ stream: string; messages: number; milliseconds: number; room: number }>(
    'debug',
    (h) => `${h.messages} messages behind ${h.stream}`,
    gauge('log_lag_messages', 'Messages not processed yet.', (h) => h.messages, ['stream']),
    gauge(
      'log_lag_seconds',
      'Age of the newest processed message, by append time.',
      (h) => h.milliseconds / 1_000,
      ['stream'],
    ),
    gauge(
      'log_room_ratio',
      'Share of the messages in the stream that are processed; what is left can be trimmed unread.',
      (h) => h.room,
      ['stream'],
    ),
  ),
  restated: kind<{ stream: string; subject: string }>(
    'info',
    (h) => `${h.subject} is said again in ${h.stream}, before the stream trims it`,
  ),
  'log-interrupted': kind<{ stream: string; reason: string }>(
    'warn',
    (h) => `${h.stream} is interrupted: ${h.reason}`,
    counter('log_interruptions_total', 'Times that reading the stream broke off.', ['stream']),
  ),
  'log-resumed': kind<{ stream: string; next: number }>(
    'info',
    (h) => `${h.stream} is read again from message ${h.next}`,
  ),
  gap: kind<{ stream: string; reason: 'gap' | 'trimmed'; from: number; to: number }>(
    'error',
    (h) =>
      `messages ${h.from} to ${h.to} of ${h.stream} are lost (${h.reason}): see andon dead-letters`,
    counter(
      'lost_messages_total',
      'Messages that left the stream before they were read.',
      ['stream', 'reason'],
      (h) => h.to - h.from + 1,
    ),
  ),
  'disk-full': kind<{ path: string; reason: string }>(
    'error',
    (h) => `${h.path} cannot be written (${h.reason}): make room`,
    counter('disk_full_total', 'Writes of epoch files or checkpoints that failed.'),
  ),
  'epoch-written': kind<{
    epoch: number;
    from: number;
    to: number;
    messages: number;
    readings: number;
    rows: number;
    revisions: number;
    bytes: number;
    milliseconds: number;
  }>(
    'debug',
    (h) => `epoch ${h.epoch}: messages ${h.from} to ${h.to}, ${h.rows} rows, ${h.bytes} bytes`,
    counter('epochs_total', 'Epochs written down.'),
    counter('messages_total', 'Messages processed.', [], (h) => h.messages),
    counter('readings_total', 'Readings processed.', [], (h) => h.readings),
    counter('rows_total', 'Rows written down.', [], (h) => h.rows),
    counter('revisions_total', 'Request revisions decided.', [], (h) => h.revisions),
    counter('epoch_bytes_total', 'Bytes of epoch files written.', [], (h) => h.bytes),
    gauge('sequence', 'The newest message that is written down.', (h) => h.to),
    seconds('epoch_seconds', 'Time to process and write one epoch.', (h) => h.milliseconds),
  ),
  'dead-letter': kind<{ reason: string; stage: string; count: number }>(
    'debug',
    (h) => `${h.count} dead letters of ${h.stage}: ${h.reason}`,
    counter(
      'dead_letters_total',
      'What left the main way, by reason and stage.',
      ['reason', 'stage'],
      (h) => h.count,
    ),
  ),
  'checkpoint-written': kind<{ epoch: number; to: number; bytes: number; milliseconds: number }>(
    'debug',
    (h) => `checkpoint at message ${h.to}, ${h.bytes} bytes`,
    counter('checkpoints_total', 'Checkpoints written.'),
    gauge('checkpoint_bytes', 'Size of the newest checkpoint.', (h) => h.bytes),
    gauge('checkpoint_sequence', 'The message that the newest checkpoint stands at.', (h) => h.to),
    seconds('checkpoint_seconds', 'Time to write one checkpoint.', (h) => h.milliseconds),
  ),
  'checkpoint-restored': kind<{ epoch: number; to: number }>(
    'info',
    (h) => `restored the checkpoint of epoch ${h.epoch} at message ${h.to}`,
  ),
  'checkpoint-refused': kind<{ file: string; reason: string }>(
    'warn',
    (h) => `${h.file} is of no use (${h.reason}); an older one is taken`,
    counter('checkpoints_refused_total', 'Checkpoints that could not be restored.'),
  ),
  'epoch-file-damaged': kind<{ file: string; reason: string }>(
    'warn',
    (h) => `${h.file} is damaged (${h.reason}); it is cut again from the log`,
    counter('epoch_files_damaged_total', 'Epoch files that had to be cut again.'),
  ),
  'replay-mismatch': kind<{ epoch: number; from: number; to: number }>(
    'error',
    (h) =>
      `replaying messages ${h.from} to ${h.to} gave another epoch ${h.epoch} than was written: report it`,
    counter('replay_mismatches_total', 'Epochs that came out differently when replayed.'),
  ),
  'stage-state': kind<{ stage: string; bytes: number }>(
    'debug',
    (h) => `${h.stage} holds ${h.bytes} bytes`,
    gauge('stage_state_bytes', 'Size of the state of a stage in the checkpoint.', (h) => h.bytes, [
      'stage',
    ]),
  ),
  pattern: kind<{
    pattern: string;
    matches: number;
    timeouts: number;
    dropped: number;
    partials: number;
    events: number;
  }>(
    'debug',
    (h) =>
      `pattern ${h.pattern}: ${h.matches} matches, ${h.timeouts} timed out, ${h.dropped} dropped; ${h.partials} under way hold ${h.events} events`,
    counter(
      'pattern_matches_total',
      'Matches of a pattern that came true.',
      ['pattern'],
      (h) => h.matches,
    ),
    counter(
      'pattern_timeouts_total',
      'Partial matches of a pattern whose time ran out.',
      ['pattern'],
      (h) => h.timeouts,
    ),
    counter(
      'pattern_dropped_total',
      'Partial matches of a pattern that were dropped because there were too many.',
      ['pattern'],
      (h) => h.dropped,
    ),
    gauge(
      'pattern_partial_matches',
      'Matches of a pattern under way, of the keys that moved since the worker began.',
      (h) => h.partials,
      ['pattern'],
    ),
    gauge('pattern_held_events', 'Events that they hold.', (h) => h.events, ['pattern']),
  ),
  'message-failed': kind<{ stream: string; sequence: number; subject: string; error: string }>(
    'warn',
    (h) =>
      `message ${h.sequence} (${h.subject}) cannot be processed, and is tried once more: ${h.error}`,
    counter('failed_messages_total', 'Times that an operator threw.', ['stream']),
  ),
  'message-poisoned': kind<{ stream: string; sequence: number; subject: string; error: string }>(
    'error',
    (h) =>
      `message ${h.sequence} (${h.subject}) cannot be processed and is skipped from now on: ${h.error}`,
    counter('poisoned_messages_total', 'Messages that an operator threw on.', ['stream']),
  ),
  'epoch-landed': kind<{
    sink: string;
    epoch: number;
    rows: number;
    bytes: number;
    milliseconds: number;
  }>(
    'debug',
    (h) => `${h.sink} has epoch ${h.epoch}: ${h.rows} rows`,
    counter('landed_rows_total', 'Rows that a sink confirmed.', ['sink'], (h) => h.rows),
    counter('landed_bytes_total', 'Bytes that a sink confirmed.', ['sink'], (h) => h.bytes),
    gauge('landed_epoch', 'The newest epoch that a sink confirmed.', (h) => h.epoch, ['sink']),
    seconds('land_seconds', 'Time that a sink took for an epoch.', (h) => h.milliseconds, ['sink']),
  ),
  'sink-retry': kind<{
    sink: string;
    epoch: number;
    attempt: number;
    reason: string;
    again: number;
  }>(
    'warn',
    (h) =>
      `${h.sink} did not take epoch ${h.epoch} (attempt ${h.attempt}): ${h.reason}${again(h.again)}`,
    counter('sink_retries_total', 'Attempts that a sink failed.', ['sink']),
  ),
  'block-refused': kind<{
    sink: string;
    epoch: number;
    part: string;
    reason: string;
    file: string;
  }>(
    'error',
    (h) => `${h.sink} refused ${h.part} of epoch ${h.epoch}: ${h.reason}. It is kept in ${h.file}`,
    counter('refused_blocks_total', 'Blocks that a sink refused as wrong.', ['sink', 'part']),
  ),
  'sink-behind': kind<{ sink: string; files: number; bytes: number }>(
    'debug',
    (h) => `${h.sink} is ${h.files} epochs (${h.bytes} bytes) behind`,
    gauge('sink_behind_epochs', 'Epochs not confirmed by a sink.', (h) => h.files, ['sink']),
    gauge('sink_behind_bytes', 'Bytes not confirmed by a sink.', (h) => h.bytes, ['sink']),
  ),
  'back-pressure-on': kind<{ files: number; bytes: number }>(
    'warn',
    (h) =>
      `${h.files} epoch files (${h.bytes} bytes) wait to be landed: nothing is pulled until they are`,
    gauge(...HELD_BACK, () => 1),
    counter('back_pressure_total', 'Times that pulling stopped because too much waited.'),
  ),
  'back-pressure-off': kind<{ milliseconds: number }>(
    'info',
    (h) => `pulling again after ${Math.round(h.milliseconds / 1_000)} s`,
    gauge(...HELD_BACK, () => 0),
  ),
};
