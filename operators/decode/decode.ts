import { type Flow, row, type Stage, type StageId } from '../flow/flow.ts';
import { stage } from '../flow/stage.ts';
import { type Decoded, MalformedError } from '../model/decoded.ts';
import type { Key } from '../model/key.ts';
import type { Message, Origin } from '../model/message.ts';
import type { DeadLetterReason } from '../model/tables.ts';
import type { EventTime } from '../model/time.ts';
import { changeRows } from './change-rows.ts';
import { decodeChange } from './changes.ts';
import { decodeFrame } from './frame.ts';
import { decodeMachineEvent } from './machine-event.ts';
import { hashOf, unpack } from './payload.ts';
import { createRoutes, type Route } from './subject.ts';
import { decodeWaveform } from './waveform.ts';

const ID = 'decode' as StageId;

/** Bytes → Frame, Waveform, MachineEvent, tick, or a change of model, rules or schedule. Bad bytes → `dead_letters`. */
export function decode(): Stage<Message, Decoded> {
  return stage((emit) => {
    const routeTo = createRoutes();
    return (item) => {
      if (item.kind !== 'event') {
        emit(item);
        return;
      }
      const message = item.value;
      try {
        decodeMessage(message, routeTo(message.subject), emit);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        emit(aside('malformed', message, error.message));
      }
    };
  });
}

function decodeMessage(message: Message, route: Route, emit: (item: Flow<Decoded>) => void): void {
  const { sequence, appended, subject } = message;
  if (route.kind === 'tick') {
    const value: Decoded = { kind: 'tick', origin: { subject, sequence, appended } };
    emit(eventOf(message, appended, value));
    return;
  }
  if (route.kind === 'unknown')
    throw new MalformedError(`expected a subject of plants, found ${subject}`);
  decodePayload(message, route, emit);
}

type PayloadRoute = Exclude<Route, { kind: 'tick' | 'unknown' }>;

function decodePayload(
  message: Message,
  route: PayloadRoute,
  emit: (item: Flow<Decoded>) => void,
): void {
  const { sequence, appended, subject } = message;
  const payload = unpack(message);
  const origin: Origin = { subject, sequence, appended, identity: identityOf(message) };
  switch (route.kind) {
    case 'telemetry': {
      const { frame, notFinite, wrong } = decodeFrame(payload, origin, route.asset);
      if (notFinite > 0) emit(aside('not-finite', message, `${notFinite} values`, notFinite));
      if (wrong.length > 0) {
        const detail = `expected numbers, booleans or texts in ${wrong.slice(0, 5).join(', ')}`;
        emit(aside('malformed', message, detail, wrong.length));
      }
      emit(eventOf(message, latest(frame.times), frame));
      return;
    }
    case 'waveform': {
      const waveform = decodeWaveform(payload, origin, route.asset, route.point);
      emit(eventOf(message, waveform.time, waveform));
      return;
    }
    case 'event': {
      const event = decodeMachineEvent(payload, origin, route.asset);
      emit(eventOf(message, event.time, event));
      return;
    }
    case 'model':
    case 'rules':
    case 'schedule': {
      const value = decodeChange(payload, route, message.headers['Andon-Change'] ?? '');
      for (const line of changeRows(value)) emit(line);
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

function latest(times: Float64Array): EventTime {
  let last = times[0] ?? 0;
  for (const time of times) if (time > last) last = time;
  return last as EventTime;
}

function aside(reason: DeadLetterReason, message: Message, detail: string, count = 1): Flow<never> {
  const { sequence, subject, payload } = message;
  const head = Buffer.from(payload.subarray(0, 64))
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
  const original = `message ${sequence}, ${payload.length} bytes: ${head}`;
  return row('dead_letters', { reason, stage: ID, source: subject, detail, count, original });
}
