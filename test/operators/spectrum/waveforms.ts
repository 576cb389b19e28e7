import type { Waveform } from '../../../operators/model/decoded.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { type EventTime, SECOND } from '../../../operators/model/time.ts';

export const SOURCE = 'waveform.plant.line.press.drive';

/** Equidistant samples of a function of time in seconds. */
export function sampled(
  count: number,
  rate: number,
  value: (seconds: number) => number,
): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => value(index / rate));
}

export function tone(
  frequency: number,
  amplitude: number,
  offset = 0,
): (seconds: number) => number {
  return (seconds) => offset + amplitude * Math.sin(2 * Math.PI * frequency * seconds);
}

export function waveform(seconds: number, more: Partial<Waveform> = {}): Waveform {
  const time = (seconds * SECOND) as EventTime;
  return {
    kind: 'waveform',
    origin: { subject: SOURCE, sequence: 1 as Sequence, appended: time },
    asset: 'plant/line/press' as Key,
    point: 'drive',
    time,
    rate: 25_600,
    unit: 'g',
    samples: sampled(2_560, 25_600, tone(100, 1)),
    ...more,
  };
}
