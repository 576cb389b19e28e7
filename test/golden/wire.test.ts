import { readdirSync, readFileSync } from 'node:fs';
import { unpack } from 'msgpackr';
import { from, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { decode } from '../../operators/decode/decode.ts';
import type { Event } from '../../operators/flow/flow.ts';
import type { Key } from '../../operators/model/key.ts';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { fromMilliseconds } from '../../operators/model/time.ts';
import { WIRE_SCHEMAS, type WireMessage } from '../../operators/model/wire.ts';

type Golden = {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: string;
  readonly text?: string;
  readonly meaning: Readonly<Record<string, unknown>>;
};

const folder = new URL('./wire/', import.meta.url);
const cases = readdirSync(folder).map((name): [string, Golden] => [
  name.replace('.json', ''),
  JSON.parse(readFileSync(new URL(name, folder), 'utf8')),
]);

const bytesOf = ({ bytes }: Golden) => new Uint8Array(Buffer.from(bytes, 'hex'));

test.each(cases)('the golden bytes of %s mean what they meant', (_name, golden) => {
  const { subject, headers } = golden;
  const message: Message = {
    sequence: 1 as Sequence,
    appended: fromMilliseconds(0),
    subject,
    headers,
    payload: bytesOf(golden),
  };
  const event: Event<Message> = {
    kind: 'event',
    key: subject as Key,
    time: message.appended,
    value: message,
  };
  let meant: unknown;
  from([event])
    .pipe(decode(), toArray())
    .subscribe((items) => {
      expect(items.filter((item) => item.kind === 'row' && item.table === 'dead_letters')).toEqual(
        [],
      );
      // A change is followed by the tick that moves append time.
      const change = items.find(({ kind }) => kind === 'change');
      const last = change ?? items.at(-1);
      meant = last !== undefined && 'value' in last ? last.value : undefined;
    });
  // Through JSON: typed arrays as lists, NaN (no value) as null.
  expect(plain(meant)).toMatchObject(golden.meaning);
});

test.each(cases)('the golden bytes of %s fit its schema', (name, golden) => {
  const { headers, subject, text } = golden;
  const [kind] = subject.split('.');
  if (kind === 'tick') return;
  const json = headers['Content-Type'] === 'application/json';
  if (json) expect(Buffer.from(bytesOf(golden)).toString()).toBe(text);
  const value = json ? JSON.parse(text ?? '') : unpack(bytesOf(golden));
  const parsed = WIRE_SCHEMAS[schemaOf(name, kind ?? '')].safeParse(numbers(value));
  expect(parsed.error?.issues).toBeUndefined();
});

function schemaOf(name: string, kind: string): WireMessage {
  if (['act', 'status', 'finding'].includes(kind)) return 'event';
  if (kind !== 'telemetry') return kind as WireMessage;
  if (name.startsWith('packed')) return 'packed-block';
  return name.startsWith('block') ? 'block' : 'frame';
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, inner) =>
      ArrayBuffer.isView(inner) ? [...(inner as Float64Array)] : inner,
    ),
  );
}

/** 64-bit integers as the numbers that they are meant to be. */
function numbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(numbers);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, numbers(inner)]));
}
