/** SenML in JSON (RFC 8428): records that share a base name, time, unit and value. */

import { malformed, recordOf } from '../../operators/decode/payload.ts';
import { parsePayload } from './decode-json.ts';
import { LONGEST_NAME, MOST_READINGS, readingTime, type TagReading } from './tag-reading.ts';

/** Section 4.4: a version above it has to be refused. */
const NEWEST = 10;
/** Section 4.5.3: a time below it, in seconds, counts from now. */
const RELATIVE = 2 ** 28;
/** Section 4.5.1. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;

type Base = { name: string; time: number; unit: string | undefined; value: number; sum: number };

/**
 * The records of a pack, resolved as section 4.6 has it. Relative times count from the arrival, whoever brings it.
 * Labels: `name`. What is only a sum (`s`) is the value; data (`vd`) is a text, as it stands.
 *
 * @throws MalformedError for a pack of a newer version, and for fields that must be understood (they end with `_`)
 */
export function decodeSenml(payload: Uint8Array): readonly TagReading[] {
  const pack = parsePayload(payload);
  if (!Array.isArray(pack)) throw malformed('a list of SenML records', pack);
  if (pack.length > MOST_READINGS) throw malformed(`at most ${MOST_READINGS} records`, pack.length);
  const base: Base = { name: '', time: 0, unit: undefined, value: 0, sum: 0 };
  return pack.flatMap((each) => {
    const record = recordOf(each, 'a SenML record');
    applyBase(record, base);
    return sampleOf(record, base);
  });
}

function applyBase(record: Readonly<Record<string, unknown>>, base: Base): void {
  const { bver = NEWEST } = record;
  if (typeof bver !== 'number' || bver > NEWEST) throw malformed(`SenML version ${NEWEST}`, bver);
  const unknown = Object.keys(record).find((field) => field.endsWith('_'));
  if (unknown !== undefined) throw malformed('fields of SenML that are known', unknown);
  base.name = optional(record, 'bn', 'string') ?? base.name;
  base.time = optional(record, 'bt', 'number') ?? base.time;
  base.unit = optional(record, 'bu', 'string') ?? base.unit;
  base.value = optional(record, 'bv', 'number') ?? base.value;
  base.sum = optional(record, 'bs', 'number') ?? base.sum;
}

function sampleOf(record: Readonly<Record<string, unknown>>, base: Base): readonly TagReading[] {
  const value = valueIn(record, base);
  // A record of base fields alone.
  if (value === undefined) return [];
  const name = `${base.name}${optional(record, 'n', 'string') ?? ''}`;
  if (name.length > LONGEST_NAME || !NAME.test(name))
    throw malformed('a name of SenML (section 4.5.1 of RFC 8428)', name);
  const seconds = base.time + (optional(record, 't', 'number') ?? 0);
  // 0 is "now" of a source that has no clock.
  const time = seconds < RELATIVE ? undefined : readingTime(seconds, 'epoch-s');
  const since = seconds < RELATIVE ? seconds * 1_000 : undefined;
  const unit = optional(record, 'u', 'string') ?? base.unit;
  return [{ labels: { name }, time, since, value, quality: 'good', unit }];
}

/** Exactly one of the four kinds, or a sum alone. */
function valueIn(
  record: Readonly<Record<string, unknown>>,
  base: Base,
): number | string | boolean | undefined {
  const given = ['v', 'vs', 'vb', 'vd'].filter((field) => record[field] !== undefined);
  if (given.length > 1) throw malformed('one value in a SenML record', given.join(', '));
  switch (given[0]) {
    case 'v':
      return base.value + (optional(record, 'v', 'number') ?? 0);
    case 'vs':
      return optional(record, 'vs', 'string');
    case 'vd':
      return optional(record, 'vd', 'string');
    case 'vb':
      return optional(record, 'vb', 'boolean');
    default:
      break;
  }
  const sum = optional(record, 's', 'number');
  return sum === undefined ? undefined : base.sum + sum;
}

function optional<K extends 'string' | 'number' | 'boolean'>(
  record: Readonly<Record<string, unknown>>,
  field: string,
  kind: K,
): { string: string; number: number; boolean: boolean }[K] | undefined {
  const value = record[field];
  if (value === undefined) return undefined;
  if (typeof value !== kind) throw malformed(`${field} as a ${kind}`, value);
  return value as { string: string; number: number; boolean: boolean }[K];
}
