import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import { BEGINNING, type EventTime } from '../../../operators/model/time.ts';
import { wrongRecording } from '../../recordings/recorded.ts';
import type { RecordingDescription } from '../../recordings/recording-description.ts';

/** A time of a machine, up to its failure or the end of its data, that a warning can be measured by: after `from`, up to `end`. */
export type OperatingPeriod = {
  readonly from: EventTime;
  /** Undefined: the end of what was measured. */
  readonly end: EventTime | undefined;
  readonly healthyUntil: EventTime | undefined;
  /** It has a lead time. */
  readonly measured: boolean;
};

/** The operating periods of a machine, one after the other; the same objects each time. */
export type PeriodsOf = (asset: AssetKey) => readonly OperatingPeriod[];

type KnownEnd = {
  readonly healthyUntil: EventTime | undefined;
  readonly failed: EventTime | undefined;
};

/**
 * What the descriptions of recordings say of their machines. A machine of which they say nothing has one period, to
 * `until` or the end of its data. As soon as they name a failure, lead times are those before failures alone: a machine
 * that goes on well has none.
 */
export function operatingPeriods(
  recordings: readonly RecordingDescription[],
  { until, healthyUntil }: { readonly until?: EventTime; readonly healthyUntil?: EventTime },
): PeriodsOf {
  const known = new Map<AssetKey, KnownEnd[]>();
  for (const recording of recordings) {
    for (const { asset, healthy_until, failed } of recording.lives) {
      const key = asset === undefined ? assetIn(recording) : (asset as AssetKey);
      const own = known.get(key) ?? [];
      own.push({ healthyUntil: healthy_until ?? healthyUntil, failed });
      known.set(key, own);
    }
  }
  const failures = [...known.values()].flat().some(({ failed }) => failed !== undefined);
  const made = new Map<AssetKey, readonly OperatingPeriod[]>();
  return (asset) => {
    const before = made.get(asset);
    if (before !== undefined) return before;
    const periods: OperatingPeriod[] = [];
    let from = BEGINNING;
    const own = known.get(asset) ?? [{ healthyUntil, failed: undefined }];
    for (const { failed, healthyUntil: healthy } of own.toSorted(inTime)) {
      const measured = failed !== undefined || !failures;
      periods.push({ from, end: failed ?? until, healthyUntil: healthy, measured });
      if (failed !== undefined) from = failed;
    }
    made.set(asset, periods);
    return periods;
  };
}

/** By their ends; what has none is the last. */
function inTime(a: KnownEnd, b: KnownEnd): number {
  return (a.failed ?? Number.POSITIVE_INFINITY) - (b.failed ?? Number.POSITIVE_INFINITY) || 0;
}

/** The asset whose subject the whole recording has. */
function assetIn(recording: RecordingDescription): AssetKey {
  const subject = 'subject' in recording ? recording.subject : undefined;
  const [, plant, line, asset] = subject?.split('.') ?? [];
  if (plant !== undefined && line !== undefined && asset !== undefined) {
    return assetKey(plant, line, asset);
  }
  throw wrongRecording({
    where: recording.name,
    expected: 'an asset in each of its lives: plant/line/asset',
    found: 'none, and no subject that says it',
  });
}
