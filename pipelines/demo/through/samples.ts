/** What machines of the simulated plant say, message by message, as whatever reads them has it: values of tags at times. */

import { unpack } from 'msgpackr';
import type { Recorded } from '../../recordings/recorded.ts';

/** A value of one tag. `time`: epoch milliseconds. */
export type TagSample = {
  readonly tag: string;
  readonly time: number;
  readonly value: number | string | Float32Array;
};

/** `device`: plant/line/asset. */
export type DeviceMessage = {
  readonly device: string;
  /** Undefined for bytes that are none: they are `bytes`. */
  readonly samples: readonly TagSample[] | undefined;
  readonly bytes: Uint8Array;
};

/** The tag of the state of a machine. */
export const STATE_TAG = 'state';

/** The tag of the waveforms of a measuring point. */
export function waveformTag(point: string): string {
  return `waveform/${point}`;
}

/** Undefined for what no machine says: schedules, and what people do. */
export function saidByDevice({ subject, payload }: Recorded): DeviceMessage | undefined {
  const [kind, plant, line, asset, point = ''] = subject.split('.');
  const device = `${plant}/${line}/${asset}`;
  const content = contentOf(payload);
  if (kind === 'telemetry') return { device, samples: readingsOf(content), bytes: payload };
  if (kind === 'waveform') return { device, samples: waveformOf(content, point), bytes: payload };
  if (kind !== 'event' || content?.type !== 'state') return undefined;
  const { time, data } = content as { time: number; data: { state: string } };
  const state: TagSample = { tag: STATE_TAG, time, value: data.state };
  return { device, samples: [state], bytes: payload };
}

type Content = Readonly<Record<string, unknown>>;

function contentOf(payload: Uint8Array): Content | undefined {
  try {
    const isJson = payload[0] === 0x7b;
    const content: unknown = isJson ? JSON.parse(Buffer.from(payload).toString()) : unpack(payload);
    const isMap = typeof content === 'object' && content !== null && 'time' in content;
    return isMap ? (content as Content) : undefined;
  } catch {
    return undefined;
  }
}

/** Of a packed block of 32-bit floats, or of one frame. */
function readingsOf(content: Content | undefined): readonly TagSample[] | undefined {
  if (content === undefined) return undefined;
  const {
    time,
    step = 0,
    values,
  } = content as {
    readonly time: number;
    readonly step?: number;
    readonly values: Readonly<Record<string, number | Uint8Array>>;
  };
  return Object.entries(values).flatMap(([tag, value]) =>
    typeof value === 'number'
      ? [{ tag, time, value }]
      : [...floatsOf(value)].map((one, at) => ({ tag, time: time + at * step, value: one })),
  );
}

function waveformOf(content: Content | undefined, point: string): readonly TagSample[] | undefined {
  if (content === undefined) return undefined;
  const { time, samples } = content as {
    readonly time: number;
    readonly samples: { readonly i16: Uint8Array; readonly scale: number };
  };
  const { i16, scale } = samples;
  const view = new DataView(i16.buffer, i16.byteOffset, i16.byteLength);
  const value = new Float32Array(i16.byteLength / 2);
  for (let at = 0; at < value.length; at += 1) value[at] = view.getInt16(2 * at, true) * scale;
  return [{ tag: waveformTag(point), time, value }];
}

function floatsOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, at) =>
    view.getFloat32(4 * at, true),
  );
}
