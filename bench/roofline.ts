import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { decodeFrame } from '../operators/decode/frame.ts';
import { createSubjectParser } from '../operators/decode/subject.ts';
import type { Frame } from '../operators/model/decoded.ts';
import type { Message } from '../operators/model/message.ts';
import { createReadingsBlock } from '../sinks/clickhouse/readings-block.ts';
import { createMadeLog } from './made-log.ts';
import { RULES_FILE, SIGNALS_PER_ASSET, splitValues, valuesOf } from './paced-plant.ts';
import { cpuSeconds, loadAverage } from './process-use.ts';

const ASSETS = 250;
/** As the block of `readings` has it. */
const BYTES_PER_ROW = 40;
const ROWS = 500_000;
/** More than the caches of any processor: 256 MB. */
const LARGE = 32 * 1_024 * 1_024;

type Bound = {
  /** What nothing between log and warehouse can be faster than. */
  readonly bound: string;
  readonly signals: number;
  /** Of CPU time. */
  readonly ns_per_reading: number;
};

/**
 * `npm run bench -- roofline [--readings 2000000] [--rounds 3] [--json FILE]`: what a reading costs at least: to move its
 * row in memory once, to decode it, to encode its row. The best of some rounds. What the warehouse takes alone is `alone_per_s`
 * of `end-to-end`.
 */
export function roofline(args: readonly string[]): boolean {
  const { values } = parseArgs({
    args: [...args],
    options: {
      readings: { type: 'string', default: '2000000' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds);
  const best = (work: () => void) =>
    Math.min(...Array.from({ length: rounds }, () => cpuSeconds(work)));
  const bounds: Bound[] = [copying(best)];
  for (const signals of [SIGNALS_PER_ASSET, 1]) {
    bounds.push(...decodingAndEncoding(Number(values.readings), signals, best));
  }
  for (const { bound, signals, ns_per_reading } of bounds) {
    console.error(`${bound}, ${signals} a frame: ${ns_per_reading.toFixed(1)} ns of CPU a reading`);
  }
  const report = { roofline: bounds, load: loadAverage() };
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report));
  return true;
}

type Best = (work: () => void) => number;

/** Rows of 40 bytes, read once and written once. */
function copying(best: Best): Bound {
  const [from, to] = [new Float64Array(LARGE).fill(1.5), new Float64Array(LARGE)];
  const seconds = best(() => to.set(from));
  const rows = (LARGE * Float64Array.BYTES_PER_ELEMENT) / BYTES_PER_ROW;
  const bound = 'memory: a row of 40 bytes copied once';
  return { bound, signals: SIGNALS_PER_ASSET, ns_per_reading: (seconds * 1e9) / rows };
}

function decodingAndEncoding(readings: number, signals: number, best: Best): readonly Bound[] {
  const messages = messagesOf(readings, signals);
  const parse = createSubjectParser();
  const frames: { readonly frame: Frame; readonly message: Message }[] = [];
  const decodeAll = (take: (frame: Frame, message: Message) => void) => {
    for (const message of messages) {
      const { subject, sequence, appended } = message;
      const target = parse(subject);
      if (target.kind !== 'telemetry') continue;
      take(decodeFrame(message, { subject, sequence, appended }, target.asset).frame, message);
    }
  };
  let taken = 0;
  const decoding = best(() =>
    decodeAll((frame) => {
      taken += frame.signals.length;
    }),
  );
  if (taken === 0) throw new Error('expected frames, found none');
  decodeAll((frame, message) => void frames.push({ frame, message }));
  const encoding = best(() => {
    const block = createReadingsBlock();
    for (const { frame, message } of frames) {
      block.append(frame, message.sequence, message.appended);
      if (block.rows >= ROWS) block.finish('ANDON_0', 'bench');
    }
  });
  const rows = frames.reduce((sum, { frame }) => sum + frame.signals.length, 0);
  return [
    { bound: 'a value decoded', signals, ns_per_reading: (decoding * 1e9) / rows },
    { bound: 'its row encoded as Native', signals, ns_per_reading: (encoding * 1e9) / rows },
  ];
}

function messagesOf(readings: number, signals: number): readonly Message[] {
  const log = createMadeLog();
  log.begin(ASSETS, RULES_FILE);
  const whole = readings / SIGNALS_PER_ASSET;
  return Array.from({ length: whole }, (_, sent) => {
    const second = sent / ASSETS / 5;
    const values = valuesOf(sent % ASSETS, second, whole);
    return splitValues(values, signals).map((part) => {
      return log.frame(sent % ASSETS, Math.round(second * 1_000), part);
    });
  }).flat();
}
