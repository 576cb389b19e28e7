import { floorAround, type Integrations, type Lines } from './lines.ts';

/** A line of a spectrum that stands out. */
export type KeptLine = {
  readonly frequency: number;
  /** rms, in the unit after integration. */
  readonly rms: number;
  /** Amplitude over the median of its neighbourhood. */
  readonly ratio: number;
};

/** Amplitude over median; of ten thousand lines of noise the highest reaches 3.6. */
const STANDS_OUT = 5;

/**
 * The strongest lines between `low` and `high` Hz after integrating, strongest first, at most `most`; each stands out of
 * the median of its 32 line widths on each side, and none is a shoulder of a stronger one.
 */
export function keptLines(
  { power, step, resolution, scale }: Lines,
  band: { readonly low: number; readonly high: number },
  integrations: Integrations,
  most: number,
): KeptLine[] {
  const reach = Math.ceil((2 * resolution) / step);
  const from = Math.max(reach, Math.ceil(band.low / step));
  const to = Math.min(power.length - 1 - reach, Math.floor(band.high / step));
  const peaks: { bin: number; weighed: number }[] = [];
  let least = 0;
  for (let bin = from; bin <= to; bin++) {
    const here = power[bin] ?? 0;
    if (here <= (power[bin - 1] ?? 0) || here < (power[bin + 1] ?? 0)) continue;
    const weighed = here * weight(bin);
    if (weighed <= least) continue;
    peaks.push({ bin, weighed });
    if (peaks.length < 8 * most) continue;
    peaks.sort((a, b) => b.weighed - a.weighed).length = 4 * most;
    least = peaks.at(-1)?.weighed ?? 0;
  }
  peaks.sort((a, b) => b.weighed - a.weighed);
  const kept: (KeptLine & { readonly bin: number })[] = [];
  for (const { bin } of peaks) {
    if (kept.length === most) break;
    if (kept.some((other) => Math.abs(other.bin - bin) <= 2 * reach)) continue;
    const floor = floorAround(power, step, bin * step, 32 * resolution);
    const ratio = floor > 0 ? Math.sqrt((power[bin] ?? 0) / floor) : Number.MAX_VALUE;
    if (ratio < STANDS_OUT) continue;
    let sum = 0;
    for (let near = bin - reach; near <= bin + reach; near++) {
      sum += (power[near] ?? 0) * weight(near);
    }
    kept.push({ bin, frequency: bin * step, rms: Math.sqrt(sum * scale), ratio });
  }
  return kept.map(({ bin: _, ...line }) => line);

  function weight(bin: number): number {
    return (2 * Math.PI * bin * step) ** (-2 * integrations);
  }
}
