import { type Flow, row, type Stage, type StageId } from '../flow/flow.ts';
import { stage } from '../flow/stage.ts';
import type { Decoded } from '../model/decoded.ts';
import type { Key } from '../model/key.ts';
import {
  type Identity,
  type Message,
  type Origin,
  sourceOf,
  TICK_SUBJECT,
} from '../model/message.ts';
import type { DeadLetterReason } from '../model/tables.ts';
import type { EventTime } from '../model/time.ts';
import { changeRows, decodeChange, mappingRow } from './change.ts';
import { type DecodedFrame, decodeFrame } from './frame.ts';
import { decodeMachineEvent } from './machine-event.ts';
import { MalformedError, malformed, unpack } from './payload.ts';

import { createSubjectParser, type ParsedSubject } from './subject.ts';
import { decodeWaveform } from './waveform.ts';

const ID = 'decode' as StageId;

/** The one version of the wire format so far. */
const SCHEMA = '1';

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
        emit(tickOf(message));
      }
    };
  });
}

function decodeMessage(
  message: Message,
  target: ParsedSubject,
  emit: (item: Flow<Decoded>) => void,
): void {
  const { subject } = message;
  if (target.kind === 'tick') {
    emit(tickOf(message));
    return;
  }
  if (target.kind === 'unknown')
    throw new MalformedError(`expected a subject of plants, found ${subject}`);
  const { 'Andon-Schema': version = SCHEMA } = message.headers;
  if (version !== SCHEMA) {
    const found = `"${version.slice(0, 40)}": a newer Andon reads it`;
    const detail = `expected version ${SCHEMA} of the wire format (Andon-Schema), found ${found}`;
    emit(deadLetter('schema', message, detail));
    emit(tickOf(message));
    return;
  }
  decodePayload(message, target, emit);
}

type PayloadSubject = Exclude<ParsedSubject, { kind: 'tick' | 'unknown' }>;

function decodePayload(
  message: Message,
  target: PayloadSubject,
  emit: (item: Flow<Decoded>) => void,
): void {
  const origin = originOf(message);
  if (origin.identity?.names !== undefined && target.kind !== 'telemetry')
    throw malformed('Andon-Identities with telemetry alone', target.kind);
  switch (target.kind) {
    case 'telemetry': {
      const decoded = decodeFrame(message, origin, target.asset);
      const [samples, ids] = [decoded.frame.times.length, origin.identity?.names?.length];
      if (ids !== undefined && ids !== samples)
        throw malformed(`Andon-Identities: an id for each of ${samples} samples`, ids);
      reportLost(decoded, message, emit);
      emit(eventOf(origin, latestTime(decoded.frame.times), decoded.frame));
      return;
    }
    case 'waveform': {
      const waveform = decodeWaveform(unpack(message), origin, target.asset, target.point);
      emit(eventOf(origin, waveform.time, waveform));
      return;
    }
    case 'event': {
      const payload = unpack(message, true);
      const event = decodeMachineEvent(payload, origin, target.asset, target.attested);
      emit(eventOf(origin, event.time, event));
      return;
    }
    case 'model':
    case 'rules':
    case 'schedule': {
      const value = decodeChange(unpack(message), target, message.headers);
      for (const each of changeRows(value)) emit(each);
      emit({ kind: 'change', sequence: message.sequence, value });
      emit(tickOf(message));
      return;
    }
    // Nothing here decides by it: it lands in the order of the log, and views say what is in force.
    case 'mapping':
      emit(mappingRow(unpack(message), target));
      emit(tickOf(message));
  }
}

/** What is left of a message of which nothing else goes on: the broker was alive. */
function tickOf({ sequence, appended, subject }: Message): Flow<Decoded> {
  const value: Decoded = { kind: 'tick', origin: { subject, sequence, appended } };
  return { kind: 'event', key: TICK_SUBJECT as Key, time: appended, value };
}

/** What of the frame does not go on: each kind with its exact count. */
function reportLost(
  { notFinite, bad, wrong, wrongSignals }: DecodedFrame,
  message: Message,
  emit: (item: Flow<never>) => void,
): void {
  if (notFinite > 0) emit(deadLetter('not-finite', message, `${notFinite} values`, notFinite));
  if (bad > 0) {
    const detail = `${bad} values of which the source says that they are bad`;
    emit(deadLetter('bad-quality', message, detail, bad));
  }
  if (wrong > 0) {
    const detail = `expected numbers, booleans or texts in ${wrongSignals.slice(0, 5).join(', ')}`;
    emit(deadLetter('malformed', message, detail, wrong));
  }
}

function eventOf(origin: Origin, time: EventTime, value: Decoded): Flow<Decoded> {
  return { kind: 'event', key: sourceOf(origin), time, value };
}

function originOf(message: Message): Origin {
  const { sequence, appended, subject, headers } = message;
  const identity = identityOf(message);
  const backfill = headers['Andon-Backfill'];
  if (backfill === undefined) return { subject, sequence, appended, identity };
  if (backfill !== '1') throw malformed('Andon-Backfill: 1', backfill);
  return { subject, sequence, appended, identity, backfill: true };
}

function identityOf({ headers, payload }: Message): Identity {
  const { 'Andon-Producer': producer, 'Andon-Identity': named } = headers;
  const all = headers['Andon-Identities'];
  const count = Number(headers['Andon-Sequence'] ?? Number.NaN);
  const counts = producer !== undefined && Number.isSafeInteger(count);
  const identity = counts ? { producer, mark: count } : { producer: '', mark: hashOf(payload) };
  if (named !== undefined && named !== '') return { ...identity, name: nameOf(named) };
  if (all === undefined || all === '') return identity;
  const ids = all.split(' ');
  // Two of them would be one.
  if (ids.includes('')) throw malformed('Andon-Identities: ids with one blank between them', all);
  return { ...identity, names: Float64Array.from(ids, nameOf) };
}

function nameOf(id: string): number {
  return hashOf(Buffer.from(id));
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
