import { parseArgs } from 'node:util';
import { bearingNamed } from '../operators/spectrum/bearing.ts';
import { extract } from '../operators/spectrum/extract.ts';

/** Samples per second of CPU that are asked for: without and with the envelope. */
const BARS = { plain: 15e6, envelope: 4e6 };
const RATE = 25_600;
const RPM = 1_750;
const WARM_UP = 30;

/**
 * Millions of waveform samples a second on one core, for waveforms of a length at 25.6 kHz: the features without and with
 * the envelope. Counted in CPU time, garbage collection included, so that other work on the machine does not count.
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
  const plain = throughput(waveforms, count, () => extract(samples, RATE, 'g', RPM));
  const envelope = throughput(waveforms, count, () => extract(samples, RATE, 'g', RPM, bearing));
  const line = (name: string, rate: number, bar: number) => {
    return `${name.padEnd(20)} ${(rate / 1e6).toFixed(1)} M samples/s, at least ${bar / 1e6} M are asked for`;
  };
  console.log(`${waveforms} waveforms of ${count} samples, one core`);
  console.log(line('without envelope', plain, BARS.plain));
  console.log(line('with envelope', envelope, BARS.envelope));
  return plain >= BARS.plain && envelope >= BARS.envelope;
}

/** Tones and noise, the same every time. */
function madeUp(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, (_, index) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.sin(index / 7) + state / 2 ** 32 - 0.5;
  });
}

function throughput(waveforms: number, count: number, work: () => unknown): number {
  for (let index = 0; index < WARM_UP; index++) work();
  const before = process.cpuUsage();
  for (let index = 0; index < waveforms; index++) work();
  const { user, system } = process.cpuUsage(before);
  return (waveforms * count) / ((user + system) / 1e6);
}
