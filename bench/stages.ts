import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { from } from 'rxjs';
import { alarm } from '../operators/alarm/alarm.ts';
import { coordinate } from '../operators/coordinate/coordinate.ts';
import { correlate } from '../operators/correlate/correlate.ts';
import { decode } from '../operators/decode/decode.ts';
import { toMachineEventRow, toMachineStateRow } from '../operators/decode/machine-event.ts';
import { detect } from '../operators/detect/detect.ts';
import { enrich } from '../operators/enrich/enrich.ts';
import type { Flow, Row, Stage, StageId } from '../operators/flow/flow.ts';
import { order } from '../operators/flow/order.ts';
import { fork, keyBy, land, only } from '../operators/flow/stage.ts';
import { NO_CHECKPOINTS } from '../operators/flow/states.ts';
import { watermarks } from '../operators/flow/watermarks.ts';
import { type Decoded, weightOf } from '../operators/model/decoded.ts';
import type { Key } from '../operators/model/key.ts';
import type { Message, Sequence } from '../operators/model/message.ts';
import type { Observed } from '../operators/model/observation.ts';
import { fromMilliseconds } from '../operators/model/time.ts';
import { trigger } from '../operators/trigger/trigger.ts';
import { validate } from '../operators/validate/validate.ts';
import { window } from '../operators/window/window.ts';
import {
  DETECTED_ORDER,
  isEvent,
  isFrame,
  isObserved,
  isWaveform,
  OBSERVATION_ORDER,
  plant,
} from '../pipelines/plant.ts';
import { createBlocks } from '../sinks/clickhouse/blocks.ts';
import { BEGIN, createMadeLog } from './made-log.ts';
import { RULES_FILE, SIGNALS_PER_ASSET, splitValues, valuesOf } from './paced-plant.ts';
import { cpuSeconds, loadAverage } from './process-use.ts';

/** Frames of each machine a second. */
const HERTZ = 5;
/** Rows of an epoch. */
const EPOCH = 500_000;

type Measured = {
  readonly stage: string;
  /** Readings of a frame. */
  readonly signals: number;
  /** Events that it took in; what only passes through (rows, watermarks) is not counted. */
  readonly events: number;
  readonly events_per_s: number;
  /** Microseconds for each frame of the log, however many events of this stage come of one. */
  readonly us_per_frame: number;
  /** The same in units of what JSON.parse of one such frame takes in this run. */
  readonly ratio_to_parse: number;
};

/**
 * `npm run bench -- stages [--assets 250] [--frames 50000] [--rounds 3] [--signals 20] [--json FILE]`: each stage of the pipeline alone,
 * fed with what the stages before it gave, under the rules of `paced`. CPU time of all threads, the best of some rounds.
 * False when the stages one after the other do not give the rows of the pipeline.
 */
export function stages(args: readonly string[]): boolean {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      frames: { type: 'string', default: '50000' },
      rounds: { type: 'string', default: '3' },
      signals: { type: 'string', default: String(SIGNALS_PER_ASSET) },
      json: { type: 'string' },
    },
  });
  const [frames, signals] = [Number(values.frames), Number(values.signals)];
  const { log, made } = logOf(Number(values.assets), frames, signals);
  const bench = createStageBench(made.frames, signals, Number(values.rounds));
  const rows = eachStage(bench, log);
  landingEncoders(bench, rows);
  const whole = bench.through('all stages at once', log, () => plant(NO_CHECKPOINTS));
  const same = whole.filter(({ kind }) => kind === 'row').length === rows.length;
  if (!same) console.error('the stages alone gave other rows than the pipeline');
  const report = { stages: bench.measured, load: loadAverage() };
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, null, 2));
  return same;
}

type StageBench = {
  readonly measured: readonly Measured[];
  /** Measures some work in each round, by the best of them. */
  note(stage: string, events: number, work: () => void): void;
  /** Runs a stage of its own in each round; gives what comes out of it. */
  through<I, O>(stage: string, input: readonly Flow<I>[], make: () => Stage<I, O>): Flow<O>[];
};

function createStageBench(frames: number, signals: number, rounds: number): StageBench {
  const measured: Measured[] = [];
  const parse = parsing(rounds, frames, signals);

  function note(stage: string, events: number, work: () => void): void {
    const seconds = Math.min(...Array.from({ length: rounds }, () => cpuSeconds(work)));
    const [events_per_s, us_per_frame] = [events / seconds, (seconds * 1e6) / frames];
    const ratio_to_parse = us_per_frame / parse;
    measured.push({ stage, signals, events, events_per_s, us_per_frame, ratio_to_parse });
    console.error(
      `${stage.padEnd(20)} ${String(events).padStart(8)} events ` +
        `${Math.round(events_per_s).toString().padStart(10)} /s ${us_per_frame.toFixed(2).padStart(7)} us a frame`,
    );
  }

  return {
    ...{ measured, note },
    through<I, O>(stage: string, input: readonly Flow<I>[], make: () => Stage<I, O>) {
      note(stage, input.filter(({ kind }) => kind === 'event').length, () => {
        from(input).pipe(make()).subscribe();
      });
      const output: Flow<O>[] = [];
      from(input)
        .pipe(make())
        .subscribe((item) => output.push(item));
      return output;
    },
  };
}

/** The stages one after the other, as `plant` has them; the rows that come out of the last. */
function eachStage({ through }: StageBench, log: readonly Flow<Message>[]): readonly Row[] {
  const decoded = through('decode', log, decode);
  const valid = through('validate', decoded, () => validate(NO_CHECKPOINTS));
  const timed = through('watermarks', valid, () => {
    return watermarks({ id: 'watermarks' as StageId, weigh: weightOf }, NO_CHECKPOINTS);
  });
  const landing = through('land', timed, () => (all) => {
    return all.pipe(
      land('readings', (value) => (isFrame(value) ? value : undefined)),
      land('waveforms', (value) => (isWaveform(value) ? value : undefined)),
      land('machine_states', (value) => (isEvent(value) ? toMachineStateRow(value) : undefined)),
      land('machine_events', (value) => (isEvent(value) ? toMachineEventRow(value) : undefined)),
    );
  });
  const observed = through('window', landing, () =>
    fork<Exclude<Decoded, { kind: 'tick' }>, Observed>(
      (all) => all.pipe(only(isFrame), window(NO_CHECKPOINTS)),
      (all) =>
        all.pipe(
          only(isObserved),
          keyBy(({ asset }) => asset),
        ),
    ),
  );
  const ordered = through('order observations', observed, () =>
    order<Observed>(OBSERVATION_ORDER, NO_CHECKPOINTS),
  );
  const enriched = through('enrich', ordered, () => enrich(NO_CHECKPOINTS));
  const found = through('detect', enriched, () => detect(NO_CHECKPOINTS));
  const findings = through('order findings', found, () => order(DETECTED_ORDER, NO_CHECKPOINTS));
  const alarms = through('alarm', findings, () => alarm(NO_CHECKPOINTS));
  const incidents = through('correlate', alarms, () => correlate(NO_CHECKPOINTS));
  const requests = through('trigger', incidents, () => trigger(NO_CHECKPOINTS));
  const coordinated = through('coordinate', requests, () => coordinate(NO_CHECKPOINTS));
  return coordinated.filter((item) => item.kind === 'row');
}

/** Rows into the bytes of blocks, epoch by epoch. */
function landingEncoders({ note }: StageBench, rows: readonly Row[]): void {
  note('landing encoders', rows.length, () => {
    const blocks = createBlocks();
    for (const row of rows) {
      blocks.add(row, 1 as Sequence, fromMilliseconds(BEGIN));
      if (blocks.rows >= EPOCH) blocks.finish('bench', '1');
    }
    blocks.finish('bench', '1');
  });
}

/** About so many frames, `signals` a message: what each machine sends at one time comes in parts, one after the other. */
function logOf(assets: number, frames: number, signals: number) {
  const log = createMadeLog();
  const messages = log.begin(assets, RULES_FILE);
  const whole = frames / Math.ceil(SIGNALS_PER_ASSET / signals);
  // Not every machine sends all its signals.
  const made = { frames: 0, readings: 0 };
  for (let sent = 0; sent < whole; sent += 1) {
    const second = sent / assets / HERTZ;
    const values = valuesOf(sent % assets, second, whole / assets / HERTZ / 3);
    for (const part of splitValues(values, signals)) {
      messages.push(log.frame(sent % assets, Math.round(second * 1_000), part));
      made.frames += 1;
      made.readings += Object.keys(part).length;
    }
  }
  const items = messages.map((value): Flow<Message> => {
    return { kind: 'event', key: value.subject as Key, time: value.appended, value };
  });
  return { log: items, made };
}

/** Microseconds of JSON.parse for one frame as JSON: the yardstick. */
function parsing(rounds: number, frames: number, signals: number): number {
  const texts = Array.from({ length: 100 }, (_, asset) => {
    const [values] = splitValues(valuesOf(asset, asset, frames), signals);
    return JSON.stringify({ time: BEGIN + asset, values });
  });
  const work = () => {
    for (let frame = 0; frame < frames; frame += 1) JSON.parse(texts[frame % 100] ?? '');
  };
  const seconds = Math.min(...Array.from({ length: rounds }, () => cpuSeconds(work)));
  return (seconds * 1e6) / frames;
}
