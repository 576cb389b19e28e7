import { type FileHandle, open } from 'node:fs/promises';
import { Packr } from 'msgpackr';
import { type EventTime, plus, SECOND } from '../../operators/model/time.ts';
import { lineage, type MoveTime, type Recorded, wrongRecording } from './recorded.ts';
import type { WaveformsDescription } from './recording-description.ts';

const packr = new Packr({ useRecords: false });
const SIZES = { i16: 2, f32: 4, f64: 8 } as const;

/** The waveforms of a binary file: one message per snapshot and channel, appended `delay` after its last sample. */
export async function* recordedWaveforms(
  description: WaveformsDescription,
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  const { points, samples, type, file } = description;
  const size = samples * points.length * SIZES[type];
  const handle = await open(file);
  try {
    const count = await snapshotsIn(handle, size, description);
    let message = 0;
    for (let index = 0; index < count; index += 1) {
      const bytes = Buffer.alloc(size);
      await handle.read(bytes, 0, size, index * size);
      const time = startOf(index, count, description);
      for (const [channel, point] of points.entries()) {
        message += 1;
        yield {
          subject: `${description.subject}.${point}`,
          appended: move(appendedAfter(time, description)),
          headers: lineage(description.name, boot, message),
          payload: packr.pack(
            waveform(channelOf(bytes, channel, description), move(time), description),
          ),
        };
      }
    }
  } finally {
    await handle.close();
  }
}

async function snapshotsIn(
  handle: FileHandle,
  size: number,
  { file, snapshots }: WaveformsDescription,
): Promise<number> {
  const { size: total } = await handle.stat();
  const count = total / size;
  const expected =
    snapshots === undefined
      ? Math.max(1, Math.round(count))
      : Math.ceil((snapshots.last - snapshots.first) / snapshots.step) + 1;
  if (count === expected) return count;
  throw wrongRecording({
    where: file,
    expected: `${expected} snapshots of ${size} bytes`,
    found: `${total} bytes, which are ${Number(count.toFixed(3))} snapshots`,
  });
}

/** When snapshot `index` began. The last number is always in the file, on the step or not. */
function startOf(
  index: number,
  count: number,
  { start, interval, snapshots }: WaveformsDescription,
): EventTime {
  const { first, step, last } = snapshots ?? { first: 1, step: 1, last: count };
  const number = Math.min(first + index * step, last);
  return (start + (number - first) * interval) as EventTime;
}

function appendedAfter(time: EventTime, { samples, rate, delay }: WaveformsDescription): EventTime {
  const length = Math.round((samples / rate) * SECOND);
  return plus((time + length) as EventTime, delay);
}

/** One channel's bytes, out of either layout. */
function channelOf(snapshot: Buffer, channel: number, description: WaveformsDescription): Buffer {
  const { layout, samples, type, points } = description;
  const width = SIZES[type];
  if (layout === '[snapshot][channel][sample]') {
    return snapshot.subarray(channel * samples * width, (channel + 1) * samples * width);
  }
  const bytes = Buffer.alloc(samples * width);
  for (let sample = 0; sample < samples; sample += 1) {
    const from = (sample * points.length + channel) * width;
    snapshot.copy(bytes, sample * width, from, from + width);
  }
  return bytes;
}

function waveform(bytes: Buffer, time: EventTime, description: WaveformsDescription) {
  const { rate, unit, rpm, type, scale } = description;
  const samples = type === 'i16' ? { i16: bytes, scale } : floats(bytes, type, scale);
  const wire = { time: time / 1_000, rate, unit, samples };
  return rpm === undefined ? wire : { ...wire, rpm };
}

function floats(bytes: Buffer, type: 'f32' | 'f64', scale: number): Buffer {
  if (type === 'f32' && scale === 1) return bytes;
  const width = SIZES[type];
  const packed = Buffer.alloc((bytes.length / width) * 4);
  for (let at = 0; at < bytes.length; at += width) {
    const value = type === 'f32' ? bytes.readFloatLE(at) : bytes.readDoubleLE(at);
    packed.writeFloatLE(value * scale, (at / width) * 4);
  }
  return packed;
}
