/** Made-up machines of known truth through the diagnosis: what is named wrongly, and how much is named at which signal to noise. */

import { BEARINGS, type BearingGeometry } from '../../operators/spectrum/bearing.ts';
import { diagnose } from '../../operators/spectrum/diagnose.ts';
import {
  envelopeSpectrum,
  halfSpectrum,
  squaredEnvelope,
} from '../../operators/spectrum/envelope.ts';
import { extract, withAveragedLevels } from '../../operators/spectrum/extract.ts';
import { lineAt } from '../../operators/spectrum/harmonics.ts';
import { medianAround, powerSpectrum } from '../../operators/spectrum/power-spectrum.ts';
import type { Evaluation } from './evaluation.ts';
import { type MadeUpMachine, madeUpMachine } from './made-up-machines.ts';

/** One machine, and what was said of it. */
export type JudgedMachine = {
  readonly seed: number;
  readonly kind: string;
  /** Whether it has a fault with a name; of two faults that of the bearing is asked for. */
  readonly hasName: boolean;
  /** Whether the fault is one of a bearing part. */
  readonly ofBearing: boolean;
  /** Names that would be right, though none is asked for. */
  readonly mayBe: readonly string[];
  /** Times that the lines of its fault stand above their surroundings, 0 where it has none. */
  readonly above: number;
  readonly isNamed: boolean;
  /** Names that are not right. */
  readonly wrong: readonly string[];
};

const SIGNALS = 1_000;
/** Seeds below were in view when rules were mended. */
const FIRST = 40_001;
/** So many of them are made again for each mistake in what is said of a machine. */
const MISTAKEN = 400;
const CLASSES = [0, 3, 5, 10, 20] as const;
/** From here on a fault is plain to see. */
const PLAIN = 10;
/** Below it a fault does not show at all, and a quiet machine may be called well. */
const SHOWS = 3;

export async function evaluateMadeUp(_data: string, signal: AbortSignal): Promise<Evaluation> {
  const judged: JudgedMachine[] = [];
  for (let seed = FIRST; seed < FIRST + SIGNALS; seed++) {
    signal.throwIfAborted();
    judged.push(judgeMachine(seed));
  }
  const named = judged.filter(({ hasName }) => hasName);
  const kinds = kindsOf(named);
  const bearings = named.filter(({ ofBearing }) => ofBearing);
  const wrong = judged.filter((one) => one.wrong.length > 0);
  const others = judged.filter(({ hasName }) => !hasName);
  const open = others.filter(({ mayBe }) => mayBe.length > 0);
  return {
    name: 'made-up',
    about: `${SIGNALS} made-up signals: bearings of the table, 300 to 3,600 rpm (stated to 0.2 %), 1 to 4 s at 12.8 to 51.2 kHz, noise of 0.01 to 1 g, resonances, slip, scatter and load drawn by seed. In each cell: named of made, by how many times the lines of the fault stand above their surroundings (the geometric mean; of a bearing the first three lines of the envelope of the band in which it was made to ring). "Others" are machines that no name is asked of, and most must get none: ${kindsOf(others).join(', ')}.`,
    rows: [
      ...kinds.map((kind) =>
        rowOf(
          kind,
          named.filter((one) => one.kind === kind),
        ),
      ),
      rowOf('all bearing parts', bearings),
      rowOf('all with a name', named),
      rowOf('others', others),
      ...Object.entries(MISTAKES).map(([name, mistake]) => {
        const some = Array.from({ length: MISTAKEN }, (_, at) => judgeMachine(FIRST + at, mistake));
        return rowOf(name, some);
      }),
    ],
    bars: [
      {
        bar: 'no wrong name',
        measured: `${wrong.length} of ${judged.length}`,
        met: wrong.length === 0,
      },
      plainBar('named', named),
      plainBar('bearing parts named', bearings),
    ],
    files: judged.map(({ seed, kind, above, isNamed, wrong: names }) => {
      return { file: `seed ${seed}`, kind, above, named: isNamed ? 1 : 0, wrong: names.join(', ') };
    }),
    plots: [],
    notes: [
      `What may not be named was mended on seeds 0 to 2,299, 10,001 to 11,000 and 20,001 to 21,000 of the same generator; those of the table begin at ${FIRST.toLocaleString('en')}.`,
      `The last rows are the first ${MISTAKEN} signals once more, with something wrong said of the machine: lines of one part then fall on those of another. Missing sidebands and lines of the shaft at another speed tell of most, and of the others no rule can. No bar is about them.`,
      `Others that may have a name, and how many of them got it: ${namedOf(open)}.`,
      'A fault whose lines stand less than three times above their surroundings shows in no figure: to call such a machine well counts as not named, and not as wrong.',
    ],
  };
}

/** What is said of a machine that is not so. */
type Mistake = (machine: MadeUpMachine) => {
  readonly rpm: number | undefined;
  readonly bearing: BearingGeometry;
};

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'speed not said': ({ bearing }) => ({ rpm: undefined, bearing }),
  'speed said 3 % too low': ({ rpm, bearing }) => ({ rpm: 0.97 * rpm, bearing }),
  'speed said 8 % too high': ({ rpm, bearing }) => ({ rpm: 1.08 * rpm, bearing }),
  'another bearing said': ({ rpm, bearing }) => {
    const next = BEARINGS.findIndex(({ name }) => name === bearing.name) + 7;
    return { rpm, bearing: BEARINGS[next % BEARINGS.length] ?? bearing };
  },
};

/** Makes the machine of a seed, diagnoses it as `andon diagnose` does, and compares. */
export function judgeMachine(seed: number, mistake?: Mistake): JudgedMachine {
  const machine = madeUpMachine(seed);
  const { samples, rate, kind, right, hasName, lines } = machine;
  const { rpm, bearing } = mistake?.(machine) ?? machine;
  const extracted = withAveragedLevels(extract(samples, rate, 'g', rpm, bearing));
  const { verdict, also } = diagnose(extracted);
  const said = [verdict, ...also.map(({ fault }) => fault)];
  const above = linesAbove(machine);
  const isInvisible = lines !== undefined && above < SHOWS;
  return {
    seed,
    kind,
    hasName,
    ofBearing: lines?.of === 'envelope',
    mayBe: hasName ? [] : right,
    above,
    isNamed: said.some((name) => name === right[0]),
    wrong: said.filter((name) => {
      const isOpen = name === 'not_determined' || (name === 'none' && isInvisible);
      return !isOpen && !right.includes(name);
    }),
  };
}

/** Of those whose lines are plain to see most must be named. */
function plainBar(what: string, machines: readonly JudgedMachine[]): Evaluation['bars'][number] {
  const plain = machines.filter(({ above }) => above >= PLAIN);
  const right = plain.filter(({ isNamed }) => isNamed).length;
  return {
    bar: `${what} where lines stand ten times above their surroundings: at least 80 %`,
    measured: `${right} of ${plain.length}, ${((100 * right) / plain.length).toFixed(0)} %`,
    met: right >= 0.8 * plain.length,
  };
}

function kindsOf(machines: readonly JudgedMachine[]): readonly string[] {
  return [...new Set(machines.map(({ kind }) => kind))].sort();
}

/** How many of each kind got the name that they need not have. */
function namedOf(machines: readonly JudgedMachine[]): string {
  const counts = kindsOf(machines).map((kind) => {
    const own = machines.filter((one) => one.kind === kind);
    const named = own.filter(({ isNamed }) => isNamed).length;
    return `${kind} (${own[0]?.mayBe.join(', ')}) ${named} of ${own.length}`;
  });
  return counts.join('; ');
}

function rowOf(system: string, machines: readonly JudgedMachine[]) {
  const cells = CLASSES.map((from, at) => {
    const to = CLASSES[at + 1] ?? Number.POSITIVE_INFINITY;
    const own = machines.filter(({ hasName, above }) => hasName && above >= from && above < to);
    const named = own.filter(({ isNamed }) => isNamed).length;
    const name =
      at === 0 ? `below ${to}` : Number.isFinite(to) ? `${from} to ${to}` : `from ${from}`;
    return [name, own.length === 0 ? '' : `${named} of ${own.length}`];
  });
  const wrong = machines.filter((one) => one.wrong.length > 0).length;
  return { system, made: machines.length, wrong, ...Object.fromEntries(cells) };
}

/** Neighbourhood of a line, in turns of the shaft a second. */
const AROUND = 0.5;
const LINES = 3;

/** How far the lines of the fault stand above the median around them, from what was made and not from what was found. */
function linesAbove({ samples, rate, rpm, lines }: MadeUpMachine): number {
  if (lines === undefined) return 0;
  const width = (AROUND * rpm) / 60;
  if (lines.of === 'velocity') {
    const { power, ...raster } = powerSpectrum(samples, rate);
    const amplitudes = power.map(Math.sqrt);
    return meanRatio({ ...raster, amplitudes, band: [0, rate / 2] }, lines.frequencies, width);
  }
  const half = halfSpectrum(samples, rate);
  const [all, bins] = [half.size / 2, half.size / 16];
  const middle = Math.round((lines.resonance / rate) * half.size);
  const first = Math.max(0, Math.min(all - bins, middle - bins / 2));
  const spectrum = envelopeSpectrum(squaredEnvelope(half, first, bins));
  const frequencies = Array.from({ length: LINES }, (_, at) => (at + 1) * lines.frequency);
  return meanRatio(spectrum, frequencies, width);
}

function meanRatio(
  spectrum: Parameters<typeof lineAt>[0],
  frequencies: readonly number[],
  width: number,
): number {
  const { amplitudes, step } = spectrum;
  const logs = frequencies.map((frequency) => {
    const floor = medianAround(amplitudes, step, frequency, width);
    return Math.log(Math.max(1, lineAt(spectrum, '', frequency, floor).ratio));
  });
  return Math.exp(logs.reduce((sum, each) => sum + each, 0) / logs.length);
}
