import { again, counter, eventKind, gauge, seconds } from './event-kind.ts';

const HELD_BACK = [
  'back_pressure',
  '1 while nothing is pulled because too much waits to be landed.',
] as const;

const STALLED = [
  'log_stalled',
  '1 while the log has more and nothing comes, though nothing holds it back.',
] as const;

/** Internal events of a worker: start and end, its log, epochs, checkpoints, sinks. A new kind is one entry here. */
export const WORKER_EVENTS = {
  started: eventKind<{ pipeline: string; run: string; stream: string; owner: string }>(
    'info',
    (e) => `${e.pipeline}, run ${e.run}, works ${e.stream} as ${e.owner}`,
  ),
  draining: eventKind<{ reason: string }>('info', (e) => `draining: ${e.reason}`),
  drained: eventKind<{ to: number; milliseconds: number }>(
    'info',
    (e) => `drained up to message ${e.to} in ${Math.round(e.milliseconds)} ms`,
  ),
  'owner-lost': eventKind<{ stream: string; owner: string }>(
    'error',
    (e) => `${e.stream} is lost, this worker stops: ${e.owner}`,
    counter('owner_lost_total', 'Times that the partition was lost to another worker.'),
  ),
  'log-lag': eventKind<{
    stream: string;
    /** The newest message that is processed, and when it was appended. */
    read: number;
    appended: string;
    messages: number;
    milliseconds: number;
    room: number;
    /** Append times are those of a recording. */
    replay: boolean;
  }>(
    'debug',
    (e) => `${e.messages} messages behind ${e.stream}`,
    gauge('log_lag_messages', 'Messages not processed yet.', (e) => e.messages, ['stream']),
    gauge(
      'log_lag_seconds',
      'Age of the newest processed message, by append time.',
      (e) => e.milliseconds / 1_000,
      ['stream'],
    ),
    gauge(
      'log_room_ratio',
      'Share of the messages in the stream that are processed; what is left can be trimmed unread.',
      (e) => e.room,
      ['stream'],
    ),
  ),
  'log-stalled': eventKind<{ stream: string; messages: number; milliseconds: number }>(
    'error',
    (e) =>
      `${e.messages} messages of ${e.stream} are not processed, and none came for ` +
      `${Math.round(e.milliseconds / 1_000)} s`,
    gauge(...STALLED, () => 1, ['stream']),
    counter('log_stalls_total', 'Times that nothing came of a log that has more.', ['stream']),
  ),
  'log-moves': eventKind<{ stream: string }>(
    'info',
    (e) => `messages of ${e.stream} come again`,
    gauge(...STALLED, () => 0, ['stream']),
  ),
  'stream-mended': eventKind<{ stream: string; from: string; to: string }>(
    'info',
    (e) => `${e.stream} had ${e.from}, now ${e.to}`,
  ),
  republished: eventKind<{ stream: string; subject: string }>(
    'info',
    (e) => `${e.subject} is published again in ${e.stream}, before the stream trims it`,
  ),
  'republish-failed': eventKind<{ stream: string; subject: string; reason: string }>(
    'error',
    (e) =>
      `${e.subject} is not published again in ${e.stream}, and is lost when the stream trims it: ` +
      e.reason,
  ),
  'log-interrupted': eventKind<{ stream: string; reason: string }>(
    'warn',
    (e) => `${e.stream} is interrupted: ${e.reason}`,
    counter('log_interruptions_total', 'Times that reading the stream broke off.', ['stream']),
  ),
  'log-resumed': eventKind<{ stream: string; next: number }>(
    'info',
    (e) => `${e.stream} is read again from message ${e.next}`,
  ),
  gap: eventKind<{ stream: string; reason: 'gap' | 'trimmed'; from: number; to: number }>(
    'error',
    (e) =>
      `messages ${e.from} to ${e.to} of ${e.stream} are lost (${e.reason}): see andon dead-letters`,
    counter(
      'lost_messages_total',
      'Messages that left the stream before they were read.',
      ['stream', 'reason'],
      (e) => e.to - e.from + 1,
    ),
  ),
  'disk-full': eventKind<{ path: string; reason: string }>(
    'error',
    (e) => `${e.path} cannot be written (${e.reason}): make room`,
    counter('disk_full_total', 'Writes of epoch files or checkpoints that failed.'),
  ),
  'epoch-written': eventKind<{
    epoch: number;
    from: number;
    to: number;
    messages: number;
    readings: number;
    rows: number;
    revisions: number;
    commands: number;
    bytes: number;
    milliseconds: number;
  }>(
    'debug',
    (e) => `epoch ${e.epoch}: messages ${e.from} to ${e.to}, ${e.rows} rows, ${e.bytes} bytes`,
    counter('epochs_total', 'Epochs written down.'),
    counter('messages_total', 'Messages processed.', [], (e) => e.messages),
    counter('readings_total', 'Readings processed.', [], (e) => e.readings),
    counter('rows_total', 'Rows written down.', [], (e) => e.rows),
    counter('revisions_total', 'Request revisions decided.', [], (e) => e.revisions),
    counter('commands_total', 'Commands decided that are to be sent.', [], (e) => e.commands),
    counter('epoch_bytes_total', 'Bytes of epoch files written.', [], (e) => e.bytes),
    gauge('sequence', 'The newest message that is written down.', (e) => e.to),
    seconds('epoch_seconds', 'Time to process and write one epoch.', (e) => e.milliseconds),
  ),
  'dead-letter': eventKind<{ reason: string; stage: string; count: number }>(
    'debug',
    (e) => `${e.count} dead letters of ${e.stage}: ${e.reason}`,
    counter(
      'dead_letters_total',
      'What left the main way, by reason and stage.',
      ['reason', 'stage'],
      (e) => e.count,
    ),
  ),
  'checkpoint-written': eventKind<{
    epoch: number;
    to: number;
    bytes: number;
    milliseconds: number;
    whole: boolean;
  }>(
    'debug',
    (e) => `${e.whole ? 'checkpoint' : 'increment'} at message ${e.to}, ${e.bytes} bytes`,
    counter('checkpoints_total', 'Checkpoints written.'),
    gauge('checkpoint_bytes', 'Size of the newest checkpoint or increment.', (e) => e.bytes),
    counter('checkpoint_bytes_total', 'Bytes of all checkpoints.', [], (e) => e.bytes),
    gauge('checkpoint_sequence', 'The message that the newest checkpoint stands at.', (e) => e.to),
    seconds('checkpoint_seconds', 'Time to write one checkpoint.', (e) => e.milliseconds),
  ),
  'checkpoint-restored': eventKind<{ epoch: number; to: number }>(
    'info',
    (e) => `restored the checkpoint of epoch ${e.epoch} at message ${e.to}`,
  ),
  'checkpoint-refused': eventKind<{ file: string; reason: string }>(
    'warn',
    (e) => `${e.file} is of no use (${e.reason}); an older one is taken`,
    counter('checkpoints_refused_total', 'Checkpoints that could not be restored.'),
  ),
  'epoch-file-damaged': eventKind<{ file: string; reason: string }>(
    'warn',
    (e) => `${e.file} is damaged (${e.reason}); it is cut again from the log`,
    counter('epoch_files_damaged_total', 'Epoch files that had to be cut again.'),
  ),
  'epoch-restored': eventKind<{ epoch: number; from: number; to: number }>(
    'info',
    (e) => `epoch ${e.epoch} (messages ${e.from} to ${e.to}) is cut again as it was committed`,
  ),
  'epoch-file-fenced': eventKind<{ file: string }>(
    'warn',
    (e) => `${e.file} was never committed, and another owner has committed others: it is removed`,
  ),
  'taken-over': eventKind<{ epoch: number; to: number; owner: string }>('info', (e) =>
    e.owner === ''
      ? 'the log of commits begins'
      : `takes over from ${e.owner}: epoch ${e.epoch} (message ${e.to}) is the last that is committed`,
  ),
  'epoch-committed': eventKind<{ epoch: number; to: number; milliseconds: number }>(
    'debug',
    (e) => `epoch ${e.epoch} is committed (message ${e.to})`,
    gauge('committed_epoch', 'The newest epoch that is committed.', (e) => e.epoch),
    seconds('commit_seconds', 'Time to commit one epoch.', (e) => e.milliseconds),
  ),
  'commit-retry': eventKind<{ epoch: number; attempt: number; reason: string }>(
    'warn',
    (e) => `epoch ${e.epoch} is not committed (attempt ${e.attempt}): ${e.reason}`,
    counter('commit_retries_total', 'Attempts to commit that failed.'),
  ),
  'checkpoint-copied': eventKind<{ epoch: number; bytes: number; milliseconds: number }>(
    'debug',
    (e) => `the checkpoint of epoch ${e.epoch} is in the cluster (${e.bytes} bytes)`,
    gauge('copied_checkpoint_epoch', 'The newest checkpoint in the cluster.', (e) => e.epoch),
    counter('checkpoint_copied_bytes_total', 'Bytes copied.', [], (e) => e.bytes),
    seconds('checkpoint_copy_seconds', 'Time to copy one checkpoint.', (e) => e.milliseconds),
  ),
  'checkpoint-copy-failed': eventKind<{ reason: string; again: number }>(
    'warn',
    (e) => `checkpoints are not copied into the cluster: ${e.reason}; again in ${e.again} ms`,
    counter('checkpoint_copy_failures_total', 'Attempts to copy checkpoints that failed.'),
  ),
  'copies-missed': eventKind<{ reason: string }>(
    'warn',
    (e) => `checkpoints are not copied into the cluster: ${e.reason}`,
  ),
  'photos-missed': eventKind<{ reason: string }>(
    'warn',
    (e) => `the console cannot keep photos: ${e.reason}`,
  ),
  'fill-waiting': eventKind<{ reason: string; again: number }>(
    'warn',
    (e) => `this start cannot go on without an answer: ${e.reason}; again in ${e.again} ms`,
  ),
  'directory-filled': eventKind<{ directory: string; epoch: number; to: number; owner: string }>(
    'info',
    (e) =>
      `${e.directory} had no state that is as new: gone on from the copy at message ${e.to}; ${e.owner} worked before`,
    counter('directories_filled_total', 'Starts that went on from copies.'),
  ),
  'partition-taken': eventKind<{ partition: number; pid: number }>(
    'info',
    (e) => `partition ${e.partition} is worked here, by process ${e.pid}`,
  ),
  'partition-left': eventKind<{ partition: number }>(
    'info',
    (e) => `partition ${e.partition} falls to another member of the group: drained`,
  ),
  'partition-ended': eventKind<{ partition: number; reason: string; again: number }>(
    'error',
    (e) => `the worker of partition ${e.partition} ended (${e.reason}); again in ${e.again} ms`,
  ),
  'group-trouble': eventKind<{ reason: string }>(
    'warn',
    (e) => `the group cannot be seen: ${e.reason}; its workers go on`,
  ),
  'replay-mismatch': eventKind<{ epoch: number; from: number; to: number; tables: string }>(
    'error',
    (e) =>
      `replaying messages ${e.from} to ${e.to} gave another epoch ${e.epoch} than was written (${e.tables}): report it`,
    counter('replay_mismatches_total', 'Epochs that came out differently when replayed.'),
  ),
  'stage-state': eventKind<{ stage: string; bytes: number }>(
    'debug',
    (e) => `${e.stage} holds ${e.bytes} bytes`,
    gauge('stage_state_bytes', 'Size of the state of a stage in the checkpoint.', (e) => e.bytes, [
      'stage',
    ]),
  ),
  pattern: eventKind<{
    pattern: string;
    matches: number;
    timeouts: number;
    dropped: number;
    partials: number;
    events: number;
  }>(
    'debug',
    (e) =>
      `pattern ${e.pattern}: ${e.matches} matches, ${e.timeouts} timed out, ${e.dropped} dropped; ${e.partials} under way hold ${e.events} events`,
    counter(
      'pattern_matches_total',
      'Matches of a pattern that came true.',
      ['pattern'],
      (e) => e.matches,
    ),
    counter(
      'pattern_timeouts_total',
      'Partial matches of a pattern whose time ran out.',
      ['pattern'],
      (e) => e.timeouts,
    ),
    counter(
      'pattern_dropped_total',
      'Partial matches of a pattern that were dropped because there were too many.',
      ['pattern'],
      (e) => e.dropped,
    ),
    gauge(
      'pattern_partial_matches',
      'Matches of a pattern under way, of the keys that moved since the worker began.',
      (e) => e.partials,
      ['pattern'],
    ),
    gauge('pattern_held_events', 'Events that they hold.', (e) => e.events, ['pattern']),
  ),
  'message-failed': eventKind<{ stream: string; sequence: number; subject: string; error: string }>(
    'warn',
    (e) =>
      `message ${e.sequence} (${e.subject}) cannot be processed, and is tried once more: ${e.error}`,
    counter('failed_messages_total', 'Times that an operator threw.', ['stream']),
  ),
  'message-poisoned': eventKind<{
    stream: string;
    sequence: number;
    subject: string;
    error: string;
  }>(
    'error',
    (e) =>
      `message ${e.sequence} (${e.subject}) cannot be processed and is skipped from now on: ${e.error}`,
    counter('poisoned_messages_total', 'Messages that an operator threw on.', ['stream']),
  ),
  'epoch-landed': eventKind<{
    sink: string;
    epoch: number;
    /** How many were sent as one; `epoch` is the last of them. */
    epochs: number;
    rows: number;
    bytes: number;
    milliseconds: number;
  }>(
    'debug',
    (e) => `${e.sink} has epoch ${e.epoch} (${e.epochs} at once): ${e.rows} rows`,
    counter('landed_rows_total', 'Rows that a sink confirmed.', ['sink'], (e) => e.rows),
    counter('landed_bytes_total', 'Bytes that a sink confirmed.', ['sink'], (e) => e.bytes),
    gauge('landed_epoch', 'The newest epoch that a sink confirmed.', (e) => e.epoch, ['sink']),
    seconds(
      'land_seconds',
      'Time that a sink took for the epochs of one write.',
      (e) => e.milliseconds,
      ['sink'],
    ),
  ),
  'sink-retry': eventKind<{
    sink: string;
    epoch: number;
    attempt: number;
    reason: string;
    again: number;
  }>(
    'warn',
    (e) =>
      `${e.sink} did not take epoch ${e.epoch} (attempt ${e.attempt}): ${e.reason}${again(e.again)}`,
    counter('sink_retries_total', 'Attempts that a sink failed.', ['sink']),
  ),
  'live-missed': eventKind<{ epochs: number; reason: string }>(
    'warn',
    (e) => `screens were not told of what changed: ${e.reason}`,
    counter('live_missed_total', 'Epochs that were not announced.', [], (e) => e.epochs),
  ),
  'block-refused': eventKind<{
    sink: string;
    epoch: number;
    part: string;
    reason: string;
    file: string;
  }>(
    'error',
    (e) => `${e.sink} refused ${e.part} of epoch ${e.epoch}: ${e.reason}. It is kept in ${e.file}`,
    counter('refused_blocks_total', 'Blocks that a sink refused as wrong.', ['sink', 'part']),
  ),
  'sink-behind': eventKind<{ sink: string; files: number; bytes: number }>(
    'debug',
    (e) => `${e.sink} is ${e.files} epochs (${e.bytes} bytes) behind`,
    gauge('sink_behind_epochs', 'Epochs not confirmed by a sink.', (e) => e.files, ['sink']),
    gauge('sink_behind_bytes', 'Bytes not confirmed by a sink.', (e) => e.bytes, ['sink']),
  ),
  'back-pressure-on': eventKind<{ files: number; bytes: number }>(
    'warn',
    (e) =>
      `${e.files} epoch files (${e.bytes} bytes) wait to be landed: nothing is pulled until they are`,
    gauge(...HELD_BACK, () => 1),
    counter('back_pressure_total', 'Times that pulling stopped because too much waited.'),
  ),
  'back-pressure-off': eventKind<{ milliseconds: number }>(
    'info',
    (e) => `pulling again after ${Math.round(e.milliseconds / 1_000)} s`,
    gauge(...HELD_BACK, () => 0),
  ),
};
