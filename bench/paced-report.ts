import type { Published } from './paced-publisher.ts';
import type { Use } from './process-use.ts';

export type Processes = 'worker' | 'warehouse' | 'nats' | 'publisher';
type Uses = Readonly<Partial<Record<Processes, Use | undefined>>>;

/** What was seen at one moment. Lags are in messages. */
export type Sample = Uses & {
  readonly second: number;
  readonly load: number;
  /** In the stream and in no epoch file. */
  readonly toWrite: number;
  /** In the stream and not confirmed by ClickHouse. */
  readonly toLand: number;
  readonly epochs: number;
  readonly checkpointBytes: number;
  readonly checkpointSeconds: number;
  readonly epochBytes: number;
  readonly answerMilliseconds: number;
  readonly loopSeconds: number;
  readonly heap: number;
  readonly external: number;
  readonly readings: number;
  readonly revisions: number;
};

export type Facts = {
  readonly published: Published;
  readonly samples: readonly Sample[];
  /** Right after the last message was acknowledged to the publisher. */
  readonly end: Sample;
  readonly before: Uses;
  readonly final: Uses;
  readonly framesPerEpoch: number;
  readonly caughtUp: number | undefined;
  readonly landed: number;
  /** Waveforms whose features are in ClickHouse. */
  readonly described: number;
  readonly tables: readonly Readonly<Record<string, string>>[];
  /** What left the main way: where, why, how often. */
  readonly deadLetters: readonly Readonly<Record<string, string>>[];
  readonly warnings: readonly string[];
};

/** What the pipeline is held to, on two cores that everything shares. */
const BOUNDS = { worker: 500e6, warehouse: 1_500e6, epochs: 2 };

/** Prints the result; whether all bounds were kept. */
export function report(
  facts: Facts,
  options: Readonly<Record<string, string>>,
  json: boolean,
): boolean {
  const result = resultOf(facts, options);
  if (json) console.log(JSON.stringify(result));
  else for (const line of table(result)) console.log(line);
  return Object.values(result.kept).every(Boolean);
}

function resultOf(facts: Facts, options: Readonly<Record<string, string>>) {
  const { published, samples, end, landed, described, framesPerEpoch, warnings } = facts;
  const middle = samples[Math.floor(samples.length / 2)];
  const most = (of: (sample: Sample) => number) => Math.max(...samples.map(of));
  const lag = { written: end.toWrite / framesPerEpoch, landed: end.toLand / framesPerEpoch };
  const peak = {
    worker: facts.final.worker?.peak ?? Number.NaN,
    warehouse: facts.final.warehouse?.peak ?? Number.NaN,
  };
  return {
    options,
    published,
    landed,
    described,
    peak,
    half: { worker: middle?.worker?.resident, warehouse: middle?.warehouse?.resident },
    end: { worker: end.worker?.resident, warehouse: end.warehouse?.resident },
    heap: { most: most(({ heap }) => heap), external: most(({ external }) => external) },
    lag: { ...lag, caughtUpSeconds: facts.caughtUp },
    cpuSecondsPerMillion: cpuPerMillion(facts),
    checkpoint: { bytes: end.checkpointBytes, seconds: end.checkpointSeconds },
    epochs: end.epochs,
    epochBytes: end.epochBytes,
    loop: {
      mostSeconds: most((sample) => sample.loopSeconds),
      answer: most((s) => s.answerMilliseconds),
    },
    deadLetters: facts.deadLetters,
    revisions: end.revisions,
    load: { most: most(({ load }) => load), end: end.load },
    tables: facts.tables,
    warnings: warnings.slice(0, 20),
    kept: {
      'every reading landed once': landed === published.readings,
      'every waveform described once': described === published.waveforms,
      'worker under 500 MB': peak.worker < BOUNDS.worker,
      'warehouse under 1.5 GB': !(peak.warehouse >= BOUNDS.warehouse),
      'at most two epochs behind': lag.landed <= BOUNDS.epochs,
    },
  };
}

/** CPU seconds of each process per million readings. */
function cpuPerMillion({ published, samples, final, before }: Facts) {
  const last = samples.findLast(({ publisher }) => publisher !== undefined);
  const millions = published.readings / 1e6;
  const cpu = (name: Processes) => {
    const used = (final[name] ?? last?.[name])?.cpu ?? Number.NaN;
    return (used - (before[name]?.cpu ?? 0)) / millions;
  };
  return {
    worker: cpu('worker'),
    warehouse: cpu('warehouse'),
    nats: cpu('nats'),
    publisher: cpu('publisher'),
  };
}

type Result = ReturnType<typeof resultOf>;

function table(result: Result): readonly string[] {
  const { published, lag, peak, half, end, heap, checkpoint, loop, load } = result;
  const memory = (name: 'worker' | 'warehouse') =>
    `${megabytes(peak[name])} at most, ${megabytes(half[name])} half-way, ${megabytes(end[name])} at the end`;
  const cpu = Object.entries(result.cpuSecondsPerMillion);
  const catchingUp =
    lag.caughtUpSeconds === undefined ? 'never' : `${lag.caughtUpSeconds.toFixed(1)} s later`;
  const rows: readonly (readonly [string, string])[] = [
    [
      'published',
      `${published.readings} readings in ${published.messages} frames, ${published.waveforms} waveforms`,
    ],
    [
      'pace',
      `${published.seconds.toFixed(1)} s, at most ${published.behindMilliseconds.toFixed(0)} ms behind`,
    ],
    ['landed', `${result.landed} readings, features of ${result.described} waveforms`],
    ['memory of the worker', memory('worker')],
    ['of that', `heap ${megabytes(heap.most)}, buffers ${megabytes(heap.external)} at most`],
    ['memory of the warehouse', memory('warehouse')],
    [
      'lag at the end',
      `${lag.written.toFixed(2)} epochs to write, ${lag.landed.toFixed(2)} to land; all landed ${catchingUp}`,
    ],
    [
      'CPU seconds per million',
      cpu.map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`).join(', '),
    ],
    [
      'checkpoint',
      `${megabytes(checkpoint.bytes)} in the mean, written in ${(checkpoint.seconds * 1_000).toFixed(0)} ms`,
    ],
    ['epochs', `${result.epochs} of ${megabytes(result.epochBytes / result.epochs)}`],
    [
      'longest hold of the loop',
      `${(loop.mostSeconds * 1_000).toFixed(0)} ms; /metrics after ${loop.answer.toFixed(0)} ms at most`,
    ],
    ['load average', `${load.most} at most, ${load.end} at the end`],
    ...result.tables.map(({ table = '', rows, parts, bytes }) => {
      return [`table ${table}`, `${rows} rows, ${parts} parts, ${bytes} bytes`] as const;
    }),
    ...result.deadLetters.map(({ reason, stage, count, example }) => {
      return [`dead letters of ${stage}`, `${count} × ${reason}: ${example}`] as const;
    }),
    ...result.warnings.map((warning) => ['warning', warning] as const),
    ...Object.entries(result.kept).map(([bound, kept]) => [bound, kept ? 'yes' : 'NO'] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '?' : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
