/** Payloads in JSON: of any shape by paths, and as Telegraf's serializer writes it. */

import { malformed, recordOf, unpack } from '../../operators/decode/payload.ts';
import type { Message } from '../../operators/model/message.ts';
import type { TimeFormat } from '../files/instant.ts';
import {
  LONGEST_NAME,
  MOST_READINGS,
  type QualityWords,
  readingQuality,
  readingTime,
  type SampleValues,
  type TagReading,
  type TagValue,
} from './tag-reading.ts';

export type JsonOptions = {
  /** Where the samples stand, when the payload is more than one: a list. */
  readonly each?: string | undefined;
  readonly time?: { readonly path: string; readonly format: TimeFormat } | undefined;
  /** The one value of a sample. Without it every number, text and boolean is one, by its path. */
  readonly value?: string | undefined;
  readonly quality?: (QualityWords & { readonly path: string }) | undefined;
  readonly unit?: string | undefined;
};

const DEEPEST_PATH = 16;
const JSON_HEADER = { 'Content-Type': 'application/json' };

/** What stands in a payload of JSON. Integers beyond 2^53 are texts with all their digits. */
export function parsePayload(payload: Uint8Array): unknown {
  return unpack({ payload, headers: JSON_HEADER } as unknown as Message, true);
}

/** @throws MalformedError for what is no JSON, or has no value, time or list where it should */
export function decodeJson(payload: Uint8Array, options: JsonOptions): readonly TagReading[] {
  const root = parsePayload(payload);
  const list = options.each === undefined ? root : atPath(root, options.each);
  if (options.each !== undefined && !Array.isArray(list)) {
    throw malformed(`a list at ${options.each}`, list);
  }
  const all = Array.isArray(list) && !isBurst(list) ? list : [list];
  if (all.length > MOST_READINGS) throw malformed(`at most ${MOST_READINGS} samples`, all.length);
  const samples = all.flatMap((one) => samplesOf(one, root, options));
  if (samples.length > MOST_READINGS)
    throw malformed(`at most ${MOST_READINGS} values`, samples.length);
  return samples;
}

function samplesOf(one: unknown, root: unknown, options: JsonOptions): readonly TagReading[] {
  // What is said once for all samples stands beside their list.
  const at = (path: string) => atPath(one, path) ?? atPath(root, path);
  const { time: clock, quality: rated, unit: unitPath } = options;
  const time = clock === undefined ? undefined : readingTime(at(clock.path), clock.format);
  const quality = rated === undefined ? 'good' : readingQuality(at(rated.path), rated);
  const unit = unitPath === undefined ? undefined : textOf(at(unitPath));
  const found: Found[] = [];
  const isFlat = collect(one, '', 0, found);
  // Of a flat object the fields are the paths.
  const all = isFlat ? one : Object.fromEntries(found.map(({ path, value }) => [path, value]));
  const sample = (path: string, value: TagValue | null): TagReading => {
    return { labels: { path }, sample: all as SampleValues, time, value, quality, unit };
  };
  if (options.value !== undefined) {
    const value = plainValue(atPath(one, options.value));
    if (value === undefined && quality === 'good') {
      throw malformed(`a value at ${options.value}`, atPath(one, options.value));
    }
    return [sample(stepsOf(options.value).join('.'), value ?? null)];
  }
  const aside = [clock?.path, rated?.path, unitPath].flatMap((path) =>
    path === undefined ? [] : [stepsOf(path).join('.')],
  );
  const readings: TagReading[] = [];
  for (const { path, value } of found)
    if (!aside.includes(path)) readings.push(sample(path, value));
  return readings;
}

type Found = { readonly path: string; readonly value: TagValue };

/** Whether it is an object of nothing but plain values. */
function collect(value: unknown, path: string, depth: number, into: Found[]): boolean {
  if (depth > DEEPEST_PATH) throw malformed(`at most ${DEEPEST_PATH} levels`, 'more');
  if (path.length > LONGEST_NAME) throw malformed(`paths of ${LONGEST_NAME} letters`, path.length);
  const plain = plainValue(value);
  if (plain !== undefined) {
    if (into.length >= MOST_READINGS) throw malformed(`at most ${MOST_READINGS} values`, 'more');
    into.push({ path, value: plain });
    return false;
  }
  if (typeof value !== 'object' || value === null) return false;
  let isFlat = !Array.isArray(value);
  for (const [name, inner] of Object.entries(value)) {
    collect(inner, depth === 0 ? name : `${path}.${name}`, depth + 1, into);
    if (typeof inner === 'object') isFlat = false;
  }
  return isFlat;
}

/** A number, text, boolean or list of numbers; undefined for all else. */
export function plainValue(value: unknown): TagValue | undefined {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    return value;
  }
  return isBurst(value) ? value : undefined;
}

function isBurst(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) && value.length > 1 && value.every((each) => typeof each === 'number')
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `motor.temperature`, or a JSON pointer (`/motor/temp.1`) where names have dots. */
function stepsOf(path: string): readonly string[] {
  const known = STEPS.get(path);
  if (known !== undefined) return known;
  const pointer = path.startsWith('/') ? path.slice(1).split('/') : undefined;
  const steps =
    pointer?.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')) ?? path.split('.');
  STEPS.set(path, steps);
  return steps;
}

/** Paths stand in configurations: there are few. */
const STEPS = new Map<string, readonly string[]>();

function atPath(value: unknown, path: string): unknown {
  let inner = value;
  for (const step of stepsOf(path)) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step))
      return undefined;
    inner = (inner as Readonly<Record<string, unknown>>)[step];
  }
  return inner;
}

/**
 * As `data_format = "json"` of Telegraf writes it: `{name, tags, fields, timestamp}`, or several below `metrics`. Times are
 * seconds unless `json_timestamp_units` says otherwise.
 */
export function decodeTelegraf(payload: Uint8Array, format: TimeFormat): readonly TagReading[] {
  const root = recordOf(parsePayload(payload), 'an object');
  const { metrics = [root] } = root;
  if (!Array.isArray(metrics)) throw malformed('a list of metrics', metrics);
  const samples = metrics.flatMap((one: unknown) => {
    const { name, tags = {}, fields, timestamp } = recordOf(one, 'a metric');
    if (typeof name !== 'string') throw malformed('the name of a metric', name);
    const labels = Object.entries(recordOf(tags, 'tags')).map(
      ([key, value]) => [key, String(value)] as const,
    );
    const sample = { ...Object.fromEntries(labels), measurement: name };
    const time = timestamp === undefined ? undefined : readingTime(timestamp, format);
    return Object.entries(recordOf(fields, 'fields')).map(([field, value]): TagReading => {
      if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'boolean') {
        throw malformed(`a number, text or boolean as field ${field}`, value);
      }
      return { labels: { field }, sample, time, value, quality: 'good' };
    });
  });
  if (samples.length > MOST_READINGS)
    throw malformed(`at most ${MOST_READINGS} values`, samples.length);
  return samples;
}
