import type { Waveform } from '../model/decoded.ts';
import type { AssetKey } from '../model/key.ts';
import type { Origin } from '../model/message.ts';
import { malformed, packedNumbers, recordOf, timeField } from './payload.ts';

const MAX_PARTS = 1_024;

/**
 * Reads `{time, rate, unit, samples, rpm?, part?}`; samples are bytes of f32, `{i16: bytes, scale}`, or (in JSON) a
 * list of numbers.
 *
 * @throws MalformedError
 */
export function decodeWaveform(
  payload: unknown,
  origin: Origin,
  asset: AssetKey,
  point: string,
): Waveform {
  const { time, rate, unit, samples, rpm, part } = recordOf(
    payload,
    'a waveform {time, rate, unit, samples}',
  );
  if (typeof rate !== 'number' || !(rate > 0 && rate <= 1e9))
    throw malformed('rate in Hz above 0', rate);
  if (typeof unit !== 'string' || unit.length > 16)
    throw malformed('a unit such as g or mm/s', unit);
  if (rpm !== undefined && rpm !== null && !(typeof rpm === 'number' && rpm >= 0 && rpm < 1e7)) {
    throw malformed('rpm as a number not below 0', rpm);
  }
  const waveform: Waveform = {
    kind: 'waveform',
    origin,
    asset,
    point,
    time: timeField(time),
    rate,
    unit,
    samples: samplesOf(samples),
  };
  return {
    ...waveform,
    ...(typeof rpm === 'number' ? { rpm } : {}),
    ...(part === undefined || part === null ? {} : { part: partOf(part) }),
  };
}

function samplesOf(samples: unknown): Float32Array {
  if (samples instanceof Uint8Array) return Float32Array.from(packedNumbers(samples, 'f32'));
  if (Array.isArray(samples)) {
    return Float32Array.from(samples, (value: unknown) => {
      if (typeof value !== 'number') throw malformed('samples as numbers', value);
      return value;
    });
  }
  const { i16, scale } = recordOf(samples, 'samples as bytes, a list, or {i16, scale}');
  if (typeof scale !== 'number' || !Number.isFinite(scale))
    throw malformed('a finite scale', scale);
  const integers = packedNumbers(i16, 'i16');
  return Float32Array.from(integers, (value) => value * scale);
}

function partOf(part: unknown): readonly [number, number] {
  const [index, count]: unknown[] = Array.isArray(part) ? part : [];
  const valid =
    Number.isInteger(index) &&
    Number.isInteger(count) &&
    Number(count) <= MAX_PARTS &&
    Number(index) >= 0 &&
    Number(index) < Number(count);
  if (!valid) throw malformed(`part [index from 0, count up to ${MAX_PARTS}]`, part);
  return [Number(index), Number(count)];
}
