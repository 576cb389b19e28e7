/** Bodies that are pushed as JSON: one reading, one frame, or a list of them. */

import { malformed, recordOf } from '../../../operators/decode/payload.ts';
import { parsePayload, plainValue } from '../decode-json.ts';
import {
  LONGEST_NAME,
  MOST_PUSHED,
  readingQuality,
  readingTime,
  type TagReading,
} from '../tag-reading.ts';

/** What may stand in a sample: a word that is mistyped is said, and not left out. */
const FIELDS = new Set(['machine', 'time', 'tag', 'value', 'values', 'quality', 'unit']);

/**
 * `{machine, time?, tag, value, quality?, unit?}`, `{machine, time?, values: {tag: value}, quality?}`, or a list of them.
 * Times are epoch milliseconds, or ISO 8601 with a zone.
 *
 * @throws MalformedError for a body of which anything is wrong: then nothing of it counts
 */
export function decodePush(body: Uint8Array): readonly TagReading[] {
  const root = parsePayload(body);
  const all = Array.isArray(root) ? root : [root];
  if (all.length === 0 || all.length > MOST_PUSHED) {
    throw malformed(`1 to ${MOST_PUSHED} samples`, all.length);
  }
  // Before an object is made of each.
  const count = all.reduce((sum: number, one: unknown) => sum + countIn(one), 0);
  if (count > MOST_PUSHED) throw malformed(`1 to ${MOST_PUSHED} values`, count);
  const readings = all.flatMap((one: unknown, at) => samplesOf(one, at));
  if (readings.length === 0) throw malformed(`1 to ${MOST_PUSHED} values`, 0);
  return readings;
}

function countIn(one: unknown): number {
  const { values } = (one ?? {}) as { readonly values?: unknown };
  return typeof values === 'object' && values !== null ? Object.keys(values).length : 1;
}

function samplesOf(one: unknown, at: number): readonly TagReading[] {
  const where = `sample ${at + 1}`;
  const sample = recordOf(
    one,
    `{machine, time, values} or {machine, time, tag, value} as ${where}`,
  );
  const strange = Object.keys(sample).find((name) => !FIELDS.has(name));
  if (strange !== undefined) {
    throw malformed(`${[...FIELDS].join(', ')} in ${where}`, strange.slice(0, LONGEST_NAME));
  }
  const { tag, value, values, unit } = sample;
  const machine = nameIn(sample.machine, `the name of a machine in ${where}`);
  const time = sample.time === undefined ? undefined : timeIn(sample.time);
  const quality = readingQuality(sample.quality);
  if (unit !== undefined && typeof unit !== 'string') throw malformed(`a unit in ${where}`, unit);
  const columns = values === undefined ? undefined : recordOf(values, `values in ${where}`);
  if ((tag === undefined) === (columns === undefined)) {
    throw malformed(
      `tag and value, or values, in ${where}`,
      tag === undefined ? 'neither' : 'both',
    );
  }
  const pairs = columns ?? { [nameIn(tag, `the name of a tag in ${where}`)]: value };
  return Object.entries(pairs).map(([name, raw]): TagReading => {
    const plain = raw === null ? null : plainValue(raw);
    if (plain === undefined) {
      throw malformed(
        `a number, text, boolean, null or list of numbers as ${name.slice(0, 64)}`,
        raw,
      );
    }
    const labels = { machine, tag: nameIn(name, `the name of a tag in ${where}`) };
    return { labels, time, value: plain, quality: plain === null ? 'bad' : quality, unit };
  });
}

function nameIn(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME) return value;
  throw malformed(what, value);
}

function timeIn(value: unknown): number {
  return readingTime(value, typeof value === 'string' ? 'iso' : 'epoch-ms');
}
