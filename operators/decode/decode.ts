import { Unpackr } from 'msgpackr';
import { type Flow, row, type Stage, type StageId } from '../flow/flow.ts';
import { stage } from '../flow/stage.ts';
import type { Decoded } from '../model/decoded.ts';
import type { Key } from '../model/key.ts';
import type { Message, Origin } from '../model/message.ts';
import type { DeadLetterReason } from '../model/tables.ts';
import type { EventTime } from '../model/time.ts';
import { changeRows, decodeChange } from './change.ts';
import { MalformedError, malformed } from './fields.ts';
import { decodeFrame } from './frame.ts';
import { decodeMachineEvent } from './machine-event.ts';
import { createSubjectParser, type ParsedSubject } from './subject.ts';
import { decodeWaveform } from './waveform.ts';

const ID = 'decode' as StageId;

// Maps become plain objects and 64-bit integers numbers: what other languages' encoders send for times.
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

const OPENING_BRACE = 0x7b;
const text = new TextDecoder('utf-8', { fatal: true });

/** Bytes → Frame, Waveform, MachineEvent, tick, or a change of model, rules or schedule. Bad bytes → `dead_letters`. */
export function decode(): Stage<Message, Decoded> {
  return stage((emit) => {
    const parse = createSubjectParser();
    return (item) => {
      if (item.kind !== 'event') {
        emit(item);
        return;
      }
      const message = item.value;
      try {
        decodeMessage(message, parse(message.subject), emit);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        emit(deadLetter('malformed', message, error.message));
      }
    };
  });
}

function decodeMessage(
  message: Message,
  target: ParsedSubject,
  emit: (item: Flow<Decoded>) => void,
): void {
  const { sequence, appended, subject } = message;
  if (target.kind === 'tick') {
    const value: Decoded = { kind: 'tick', origin: { subject, sequence, appended } };
    emit(eventOf(message, appended, value));
    return;
  }
  if (target.kind === 'unknown')
    throw new MalformedError(`expected a subject of plants, found ${subject}`);
  decodePayload(message, target, emit);
}

type PayloadSubject = Exclude<ParsedSubject, { kind: 'tick' | 'unknown' }>;

function decodePayload(
  message: Message,
  target: PayloadSubject,
  emit: (item: Flow<Decoded>) => void,
): void {
  const { sequence, appended, subject } = message;
  const payload = unpack(message);
  const origin: Origin = { subject, sequence, appended, identity: identityOf(message) };
  switch (target.kind) {
    case 'telemetry': {
      const { frame, notFinite, wrong } = decodeFrame(payload, origin, target.asset);
      if (notFinite > 0) emit(deadLetter('not-finite', message, `${notFinite} values`, notFinite));
      if (wrong.length > 0) {
        const detail = `expected numbers, booleans or texts in ${wrong.slice(0, 5).join(', ')}`;
        emit(deadLetter('malformed', message, detail, wrong.length));
      }
      emit(eventOf(message, latestTime(frame.times), frame));
      return;
    }
    case 'waveform': {
      const waveform = decodeWaveform(payload, origin, target.asset, target.point);
      emit(eventOf(message, waveform.time, waveform));
      return;
    }
    case 'event': {
      const event = decodeMachineEvent(payload, origin, target.asset);
      emit(eventOf(message, event.time, event));
      return;
    }
    case 'model':
    case 'rules':
    case 'schedule': {
      const value = decodeChange(payload, target, message.headers['Andon-Change'] ?? '');
      for (const each of changeRows(value)) emit(each);
      emit({ kind: 'change', sequence, value });
    }
  }
}

function eventOf({ subject }: Message, time: EventTime, value: Decoded): Flow<Decoded> {
  return { kind: 'event', key: subject as Key, time, value };
}

function identityOf({ headers, payload }: Message): { producer: string; mark: number } {
  const producer = headers['Andon-Producer'];
  const count = Number(headers['Andon-Sequence'] ?? Number.NaN);
  if (producer === undefined || !Number.isSafeInteger(count))
    return { producer: '', mark: hashOf(payload) };
  return { producer, mark: count };
}

function latestTime(times: Float64Array): EventTime {
  let last = times[0] ?? 0;
  for (const time of times) if (time > last) last = time;
  return last as EventTime;
}

function deadLetter(
  reason: DeadLetterReason,
  message: Message,
  detail: string,
  count = 1,
): Flow<never> {
  const { sequence, subject, payload } = message;
  const head = Buffer.from(payload.subarray(0, 64))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
  const original = `message ${sequence}, ${payload.length} bytes: ${head}`;
  return row('dead_letters', { reason, stage: ID, source: subject, detail, count, original });
}

/**
 * Reads MessagePack, or JSON when the header says so or the first byte is `{` (which no MessagePack map begins with).
 *
 * @throws MalformedError for anything else, nesting bombs included
 */
export function unpack(message: Message): unknown {
  const { payload, headers } = message;
  if (payload.length === 0) throw malformed('MessagePack or JSON', 'an empty payload');
  const json =
    payload[0] === OPENING_BRACE ||
    headers['Content-Type']?.startsWith('application/json') === true;
  try {
    return json ? parseJson(text.decode(payload)) : unpackr.unpack(payload);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw malformed(
      json ? 'JSON' : 'MessagePack',
      `${payload.length} bytes that are none (${why})`,
    );
  }
}

/** Half a surrogate pair has no UTF-8: it would be written down as one text and read back as another. */
function parseJson(content: string): unknown {
  if (!/\\u[dD][89a-fA-F]/.test(content)) return JSON.parse(content);
  return JSON.parse(content, (_, value: unknown) => {
    return typeof value === 'string' ? Buffer.from(value).toString() : value;
  });
}

/** 53 bits of two FNV-1a hashes over the bytes: equal bytes of one source are one message. */
function hashOf(bytes: Uint8Array): number {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x5bd1e995);
  }
  return (a >>> 0) * 0x200000 + ((b >>> 0) & 0x1fffff);
}
