import { parseArgs } from 'node:util';
import FFT from 'fft.js';
import { bearingNamed } from '../operators/spectrum/bearing.ts';
import { extract } from '../operators/spectrum/extract.ts';

/** Times the CPU of a bare transform of the same samples that are allowed: without and with the envelope. */
const BARS = { plain: 4, envelope: 15 };
const RATE = 25_600;
const RPM = 1_750;
const WARM_UP = 30;
const ROUNDS = 10;

/**
 * What the features of waveforms at 25.6 kHz cost, without and with the envelope, as a multiple of a bare loop of the same run
 * that does nothing but transform and square. Counted in CPU time, garbage collection included, in turns, so that other work on
 * the machine does not count.
 */
export function benchSpectrum(args: readonly string[]): boolean {
  const { values } = parseArgs({
    args: [...args],
    options: {
      samples: { type: 'string', default: '25600' },
      waveforms: { type: 'string', default: '300' },
    },
  });
  const count = Number(values.samples);
  const waveforms = Number(values.waveforms);
  const samples = madeUp(count);
  const bearing = bearingNamed('6205');
  const work = {
    bare: bareTransform(samples),
    plain: () => extract(samples, RATE, 'g', RPM),
    envelope: () => extract(samples, RATE, 'g', RPM, bearing),
  };
  const seconds = cpuOf(work, Math.ceil(waveforms / ROUNDS));
  const line = (name: 'plain' | 'envelope') => {
    const rate = (ROUNDS * Math.ceil(waveforms / ROUNDS) * count) / seconds[name] / 1e6;
    const times = seconds[name] / seconds.bare;
    const label = name === 'plain' ? 'without envelope' : 'with envelope';
    console.log(
      `${label.padEnd(20)} ${times.toFixed(2)} bare transforms, at most ${BARS[name]} are allowed; ${rate.toFixed(1)} M samples/s`,
    );
    return times <= BARS[name];
  };
  console.log(`${waveforms} waveforms of ${count} samples, one core`);
  return [line('plain'), line('envelope')].every((met) => met);
}

/** What nobody does with less: the samples through the transform, and their power. */
function bareTransform(samples: Float32Array): () => unknown {
  const size = 2 ** Math.ceil(Math.log2(samples.length));
  const fft = new FFT(size);
  const [input, output] = [new Float64Array(size), new Float64Array(2 * size)];
  const power = new Float64Array(size / 2);
  return () => {
    input.fill(0);
    input.set(samples);
    fft.realTransform(output, input);
    for (let bin = 0; bin < power.length; bin++) {
      const [real, imaginary] = [output[2 * bin] ?? 0, output[2 * bin + 1] ?? 0];
      power[bin] = real * real + imaginary * imaginary;
    }
    return power;
  };
}

/** Tones and noise, the same every time. */
function madeUp(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, (_, index) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.sin(index / 7) + state / 2 ** 32 - 0.5;
  });
}

/** Seconds of CPU of each work, done in turns so that all see the same machine. */
function cpuOf<Name extends string>(
  work: Readonly<Record<Name, () => unknown>>,
  times: number,
): Record<Name, number> {
  const names = Object.keys(work) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  for (const name of names) for (let index = 0; index < WARM_UP; index++) work[name]();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      const before = process.cpuUsage();
      for (let index = 0; index < times; index++) work[name]();
      const { user, system } = process.cpuUsage(before);
      seconds[name] += (user + system) / 1e6;
    }
  }
  return seconds;
}
