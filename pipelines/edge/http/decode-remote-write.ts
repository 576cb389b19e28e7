/** Bodies of Prometheus remote write 1.0: snappy in its block format around a protobuf message of time series. */

import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs/light.js';
import { malformed } from '../../../operators/decode/payload.ts';
import {
  type Labels,
  LONGEST_NAME,
  MOST_PUSHED,
  readingTime,
  type TagReading,
} from '../tag-reading.ts';

/** Field numbers of `prometheus.WriteRequest` (prom/prometheus, prompb/remote.proto and types.proto). */
const REQUEST = protobuf.Root.fromJSON({
  nested: {
    Label: { fields: { name: { type: 'bytes', id: 1 }, value: { type: 'bytes', id: 2 } } },
    Sample: { fields: { value: { type: 'double', id: 1 }, timestamp: { type: 'int64', id: 2 } } },
    TimeSeries: {
      fields: {
        labels: { rule: 'repeated', type: 'Label', id: 1 },
        samples: { rule: 'repeated', type: 'Sample', id: 2 },
      },
    },
    WriteRequest: { fields: { timeseries: { rule: 'repeated', type: 'TimeSeries', id: 1 } } },
  },
}).lookupType('WriteRequest');

type WriteRequest = {
  readonly timeseries: readonly {
    readonly labels: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
    readonly samples: readonly {
      readonly value: number;
      readonly timestamp: { readonly low: number; readonly high: number } | number;
    }[];
  }[];
};

/** A sender puts 2,000 to 10,000 samples into a request unless it is told otherwise. What is read takes many times its bytes. */
const MOST_UNPACKED = 2_000_000;
const MOST_LABELS = 64;
const LONGEST_LABEL = 1_024;

/** The label that names a whole series. No label of a sender is called so. */
const SERIES = '=series';
/** The template of a tag where nobody gave one. */
export const SERIES_TAG = `{${SERIES}}`;
const APART: ReadonlySet<string> = new Set(['instance', 'job']);

/**
 * Each sample with the labels of its series, `{__name__}` among them. What is no number (NaN: the series is over) is bad.
 * `apart`: labels that do not tell the series of one machine from each other.
 *
 * @throws MalformedError
 */
export function decodeRemoteWrite(
  body: Uint8Array,
  apart: ReadonlySet<string> = APART,
): readonly TagReading[] {
  const { timeseries } = messageIn(unpacked(body));
  const count = timeseries.reduce((sum, { samples }) => sum + samples.length, 0);
  if (count > MOST_PUSHED) throw malformed(`at most ${MOST_PUSHED} samples`, count);
  const readings: TagReading[] = [];
  for (const { labels: given, samples } of timeseries) {
    if (given.length > MOST_LABELS) throw malformed(`at most ${MOST_LABELS} labels`, given.length);
    const sample: Labels = Object.fromEntries(
      given.map(({ name, value }) => [textOf(name, 'a name of a label'), textOf(value, 'a label')]),
    );
    const name = seriesName(sample, apart);
    // What has no name, or one beyond all bounds, is counted where its tag is looked up.
    const labels: Labels = name === '' || name.length > LONGEST_NAME ? {} : { [SERIES]: name };
    for (const { value, timestamp } of samples) {
      const isNumber = Number.isFinite(value);
      readings.push({
        ...{ labels, sample, time: readingTime(millisecondsOf(timestamp), 'epoch-ms') },
        ...{ value: isNumber ? value : null, quality: isNumber ? 'good' : 'bad' },
      });
    }
  }
  return readings;
}

/** As queries of Prometheus write it: `node_cpu_seconds_total{cpu="0",mode="idle"}`, labels by their names. */
function seriesName(
  { __name__: name = '', ...labels }: Labels,
  apart: ReadonlySet<string>,
): string {
  const left = Object.entries(labels)
    .filter(([label]) => !apart.has(label))
    .sort(([a], [b]) => Number(a > b) - Number(a < b))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return left.length === 0 ? name : `${name}{${left.join(',')}}`;
}

/**
 * Literals and copies of what is there already, behind the length that all of it will have (format_description.txt of
 * google/snappy). Every step takes at least a byte of the input and adds at least one to the output.
 */
function unpacked(body: Uint8Array): Uint8Array {
  const input = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let [length, at] = [0, 0];
  for (let shift = 0; ; shift += 7) {
    const byte = input[at];
    if (byte === undefined || shift > 28) throw noBlock(body);
    length += (byte & 0x7f) * 2 ** shift;
    at += 1;
    if (byte < 0x80) break;
  }
  if (length > MOST_UNPACKED) throw malformed(`at most ${MOST_UNPACKED} bytes unpacked`, length);
  const output = Buffer.alloc(length);
  let end = 0;
  while (at < input.length) {
    const { size, offset, next } = elementAt(input, at, body);
    if (size > length - end) throw noBlock(body);
    if (offset === 0) {
      if (size > input.length - next) throw noBlock(body);
      input.copy(output, end, next, next + size);
      at = next + size;
    } else {
      if (offset > end) throw noBlock(body);
      // Byte by byte: it may reach into what it writes.
      for (let from = end - offset; from < end - offset + size; from += 1) {
        output[from + offset] = output[from] ?? 0;
      }
      at = next;
    }
    end += size;
  }
  if (end !== length) throw noBlock(body);
  return output;
}

/** `offset`: how far back a copy begins; 0: a literal, which begins at `next`. */
type SnappyElement = { readonly size: number; readonly offset: number; readonly next: number };

function elementAt(input: Buffer, at: number, body: Uint8Array): SnappyElement {
  const tag = input[at] ?? 0;
  const upper = tag >>> 2;
  const kind = tag & 3;
  // Bytes of a length that does not fit into the tag, or of an offset.
  const extra = kind === 0 ? Math.max(0, upper - 59) : kind === 3 ? 4 : kind;
  const next = at + 1 + extra;
  if (next > input.length) throw noBlock(body);
  const number = extra === 0 ? 0 : input.readUIntLE(at + 1, extra);
  if (kind === 0) return { size: (extra === 0 ? upper : number) + 1, offset: 0, next };
  const offset = kind === 1 ? (tag >>> 5) * 256 + number : number;
  if (offset === 0) throw noBlock(body);
  return { size: kind === 1 ? (upper & 7) + 4 : upper + 1, offset, next };
}

function noBlock(body: Uint8Array): Error {
  return malformed('a block of snappy', `${body.length} bytes that are none`);
}

function messageIn(bytes: Uint8Array): WriteRequest {
  try {
    return REQUEST.decode(bytes) as unknown as WriteRequest;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw malformed('a WriteRequest of Prometheus', `${bytes.length} bytes that are none (${why})`);
  }
}

function textOf(field: Uint8Array | readonly number[], what: string): string {
  // What is left out of a message is an empty list, and no bytes.
  const bytes = Buffer.from(field);
  if (bytes.length > LONGEST_LABEL) {
    throw malformed(`${what} of ${LONGEST_LABEL} bytes`, bytes.length);
  }
  if (!isUtf8(bytes)) throw malformed(`${what} in UTF-8`, `${bytes.length} other bytes`);
  return bytes.toString();
}

function millisecondsOf(
  timestamp: WriteRequest['timeseries'][0]['samples'][0]['timestamp'],
): number {
  if (typeof timestamp === 'number') return timestamp;
  return timestamp.high * 2 ** 32 + (timestamp.low >>> 0);
}
