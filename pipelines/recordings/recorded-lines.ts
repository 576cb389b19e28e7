import { z } from 'zod';
import { TICK_SUBJECT } from '../../operators/model/message.ts';
import { type EventTime, fromMilliseconds, plus } from '../../operators/model/time.ts';
import { readInstant } from '../files/instant.ts';
import { linesOf } from '../files/row-sources.ts';
import { lineage, type MoveTime, type Recorded, UNMOVED, wrongRecording } from './recorded.ts';
import type { RecordingDescription } from './recording-description.ts';

const time = z.union([z.number(), z.string()]);

/** One line of an NDJSON recording: a message as it was, or as it shall be. */
const lineSchema = z.strictObject({
  subject: z.string().min(1),
  /** Epoch milliseconds or ISO. Without it the payload's time and the recording's delay. */
  appended: time.optional(),
  headers: z.record(z.string(), z.string()).default({}),
  /** Goes out as JSON. */
  payload: z.record(z.string(), z.unknown()).optional(),
  /** Goes out as it is: MessagePack, or bytes that are none. */
  base64: z.base64().optional(),
});

type Line = z.infer<typeof lineSchema>;

/** The messages of an NDJSON file, each line one. Empty payloads are ticks. */
export async function* recordedLines(
  description: RecordingDescription,
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  let number = 0;
  let last = 0 as EventTime;
  for await (const text of linesOf(description.file)) {
    number += 1;
    if (text.trim() === '') continue;
    const where = `${description.file}:${number}`;
    const line = lineOf(text, where);
    last = appendedOf(line, description, last, where);
    const json = line.base64 === undefined && line.payload !== undefined;
    yield {
      subject: line.subject,
      appended: move(last),
      headers: {
        ...(line.subject === TICK_SUBJECT ? {} : lineage(description.name, boot, number)),
        ...(json ? { 'Content-Type': 'application/json' } : {}),
        ...line.headers,
      },
      payload: payloadOf(line, move),
    };
  }
}

function lineOf(text: string, where: string): Line {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (error) {
    const found =
      error instanceof z.ZodError
        ? z.prettifyError(error).replaceAll('\n', ' ')
        : `${error instanceof Error ? error.message : error}`;
    throw wrongRecording({ where, expected: '{subject, appended?, headers?, payload}', found });
  }
}

function appendedOf(
  line: Line,
  { delay }: RecordingDescription,
  last: EventTime,
  where: string,
): EventTime {
  const { appended, payload } = line;
  if (appended !== undefined) return read(appended, where);
  const own = payload?.time;
  const latest = Array.isArray(own) ? own.at(-1) : own;
  if (typeof latest === 'number') return plus(fromMilliseconds(latest), delay);
  // Changes have no time of their own: they stand where they stand.
  if (last > 0) return last;
  throw wrongRecording({ where, expected: 'appended, or a payload with a time', found: 'neither' });
}

function read(value: string | number, where: string): EventTime {
  const milliseconds = typeof value === 'number' ? value : readInstant(value);
  if (Number.isFinite(milliseconds)) return fromMilliseconds(milliseconds);
  throw wrongRecording({ where, expected: 'appended as a time', found: `"${value}"` });
}

/** The times inside move along. A moved recording of bytes that nobody read keeps its own. */
function payloadOf({ payload, base64 }: Line, move: MoveTime): Uint8Array {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  if (payload === undefined) return new Uint8Array(0);
  return Buffer.from(JSON.stringify(move === UNMOVED ? payload : moved(payload, move)));
}

/** The time of an event, of each sample of a block, and those of the entries of a schedule. */
function moved(payload: Readonly<Record<string, unknown>>, move: MoveTime) {
  const one = (value: unknown) =>
    typeof value === 'number' ? move(fromMilliseconds(value)) / 1_000 : value;
  const copy = { ...payload };
  if (copy.time !== undefined) {
    copy.time = Array.isArray(copy.time) ? copy.time.map(one) : one(copy.time);
  }
  if (Array.isArray(copy.entries))
    copy.entries = copy.entries.map((entry) => movedEntry(entry, one));
  return copy;
}

function movedEntry(entry: unknown, one: (value: unknown) => unknown): unknown {
  if (typeof entry !== 'object' || entry === null) return entry;
  const times = ['start', 'end', 'due'].flatMap((name) => {
    const value: unknown = Reflect.get(entry, name);
    return value === undefined ? [] : [[name, one(value)] as const];
  });
  return { ...entry, ...Object.fromEntries(times) };
}
