import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type RecordingDescription,
  recordingSchema,
} from '../../pipelines/recordings/recording-description.ts';
import type { Plot } from './evaluation.ts';
import { columnOf, readColumns } from './read-columns.ts';

/** The data set has no date; the year of the challenge is used. */
export const START = Date.parse('2012-01-01T00:00:00Z');
/** Milliseconds from one snapshot to the next. */
export const SNAPSHOT = 10_000;
/** The bench stopped when the accelerometer showed so many g. */
export const END_LEVEL = 20;
const SAMPLES = 2_560;
const RATE = 25_600;
const SCALE = 0.0016;
const CHANNELS = ['horizontal', 'vertical'] as const;
/** Speed of the three operating conditions, by the first digit of a bearing's name. */
const RPM: Readonly<Record<string, number>> = { 1: 1_800, 2: 1_650, 3: 1_500 };
const NUMBERS = Object.fromEntries(
  CHANNELS.flatMap((channel) => {
    const column = (name: string) => `${channel[0]}_${name}`;
    return [
      [column('rms_g'), `vibration_acceleration_rms_${channel}`],
      [column('vel_rms_mm_s_10_1000'), `vibration_velocity_rms_${channel}`],
      [column('rms_g_10_1000'), `vibration_acceleration_low_rms_${channel}`],
      [column('rms_g_1000_5000'), `vibration_acceleration_middle_rms_${channel}`],
      [column('kurtosis'), `vibration_kurtosis_${channel}`],
    ];
  }),
);

/** A bearing that ran to its end, and which of its snapshots there are waveforms of. */
export type Bearing = {
  readonly name: string;
  /** Number of its last snapshot, counted from 1. */
  readonly last: number;
  readonly raw?: { readonly first: number; readonly step: number; readonly last: number };
};

const dataSetSchema = z.object({
  raw_i16: z.object({
    files: z.record(z.string(), z.object({ snapshot_numbers: z.string() })),
  }),
});

/** The bearings of which a folder has waveforms or numbers, in the order of `bearings.csv`. */
export async function bearingsIn(data: string): Promise<readonly Bearing[]> {
  const [heading = '', ...lines] = readFileSync(join(data, 'bearings.csv'), 'utf8')
    .trim()
    .split('\n');
  const place = heading.split(',').indexOf('snapshots');
  const { raw_i16: raws } = dataSetSchema.parse(
    JSON.parse(readFileSync(join(data, 'dataset.json'), 'utf8')),
  );
  return lines.flatMap((line): Bearing[] => {
    const cells = line.split(',');
    const [name = ''] = cells;
    const last = Number(cells[place]);
    const numbers = raws.files[name]?.snapshot_numbers ?? '';
    const [, first, end, step] = /^(\d+)\.\.(\d+) step (\d+)/.exec(numbers) ?? [];
    if (existsSync(rawFile(data, name)) && first !== undefined) {
      return [{ name, last, raw: { first: Number(first), step: Number(step), last: Number(end) } }];
    }
    return existsSync(numbersFile(data, name)) ? [{ name, last }] : [];
  });
}

/** Its waveforms where there are any, else its numbers. */
export async function recordingOf(data: string, bearing: Bearing): Promise<RecordingDescription> {
  const { name, raw } = bearing;
  const asset = name.toLowerCase();
  if (raw !== undefined) {
    return recordingSchema.parse({
      ...{ name: `pronostia-${asset}`, kind: 'waveforms', file: rawFile(data, name) },
      ...{ layout: '[snapshot][channel][sample]', type: 'i16', scale: SCALE, unit: 'g' },
      ...{ rate: RATE, samples: SAMPLES, subject: `waveform.pronostia.rig.${asset}` },
      ...{ points: CHANNELS, rpm: RPM[/\d/.exec(name)?.[0] ?? ''], snapshots: raw },
      ...{ start: new Date(START).toISOString(), interval: '10s' },
    });
  }
  return recordingSchema.parse({
    name: `pronostia-${asset}`,
    kind: 'csv',
    file: numbersFile(data, name),
    time: {
      ...{ column: 'snapshot', format: 'count', interval: '10s' },
      start: new Date(START - SNAPSHOT).toISOString(),
    },
    subject: `telemetry.pronostia.rig.${asset}`,
    signals: NUMBERS,
  });
}

function rawFile(data: string, name: string): string {
  return join(data, `${name}_raw_i16.bin`);
}

/** The numbers of a bearing that come with the data set: a row each snapshot. */
export function numbersFile(data: string, name: string): string {
  return join(data, `${name}_features.csv.gz`);
}

/** The rms level of each snapshot, for a picture. */
export function levelsOf(data: string, bearing: Bearing): Promise<Plot['series']> {
  return bearing.raw === undefined
    ? levelsOfNumbers(data, bearing)
    : levelsOfWaveforms(data, bearing, bearing.raw.step);
}

async function levelsOfNumbers(data: string, { name }: Bearing): Promise<Plot['series']> {
  const table = await readColumns(numbersFile(data, name), 'snapshot', ['h_rms_g', 'v_rms_g']);
  const at = table.times.map((snapshot) => START + (snapshot - 1) * SNAPSHOT);
  return CHANNELS.map((channel) => {
    return { name: `${channel}, g rms`, at, values: columnOf(table, `${channel[0]}_rms_g`) };
  });
}

/** Of a file [snapshot][channel][2560] of counts. */
async function levelsOfWaveforms(
  data: string,
  { name, last }: Bearing,
  step: number,
): Promise<Plot['series']> {
  const bytes = await readFile(rawFile(data, name));
  const counts = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const snapshots = counts.length / SAMPLES / CHANNELS.length;
  return CHANNELS.map((channel, place) => {
    const levels = Array.from({ length: snapshots }, (_, index) => {
      const from = (index * CHANNELS.length + place) * SAMPLES;
      return SCALE * rms(counts.subarray(from, from + SAMPLES));
    });
    const at = levels.map((_, index) => START + Math.min(index * step, last - 1) * SNAPSHOT);
    return { name: `${channel}, g rms`, at, values: levels };
  });
}

function rms(values: Int16Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
