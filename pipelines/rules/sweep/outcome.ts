import type { AssetKey } from '../../../operators/model/key.ts';
import { between, type Duration, type EventTime, later } from '../../../operators/model/time.ts';
import type { AlarmTally } from './alarm-tally.ts';
import type { Lives } from './lives.ts';
import { type MeasuredSpan, monthsOf } from './measured-span.ts';

/** How early one machine's end was told of. */
export type Lead = {
  readonly asset: AssetKey;
  readonly end: EventTime;
  /** The first alarm that lasted; undefined: none. */
  readonly told: EventTime | undefined;
  readonly lead: Duration | undefined;
};

/** What one choice of values says of the recordings. Rates are undefined where nothing was measured. */
export type Outcome = {
  readonly alarms: number;
  readonly withheld: number;
  readonly perMonth: number | undefined;
  readonly perMonthAndAsset: number | undefined;
  readonly requests: number;
  readonly first: EventTime | undefined;
  readonly leads: readonly Lead[];
  /** Undefined: nobody said until when a machine was healthy. */
  readonly falseAlarms: number | undefined;
};

/** Counts become rates and lead times. */
export function outcomeOf(tally: AlarmTally, span: MeasuredSpan, livesOf: Lives): Outcome {
  const { alarms, withheld, requests, first } = tally;
  const assets = [...span.assets].sort(([a], [b]) => (a < b ? -1 : 1));
  const lives = assets.flatMap(([asset, { last }]) =>
    livesOf(asset).map((life) => ({ asset, life, last })),
  );
  const leads = lives
    .filter(({ life: { measured, from }, last }) => measured && from < last)
    .map(({ asset, life, last }) => {
      const told = tally.lasting.get(asset)?.get(life);
      const end = life.end ?? last;
      // The last window may end behind the last measurement.
      const lead = told === undefined ? undefined : between(told, later(told, end));
      return { asset, end, told, lead };
    });
  const months = monthsOf(span);
  const perMonthAndAsset = months > 0 ? alarms / months : undefined;
  const perMonth = perMonthAndAsset === undefined ? undefined : perMonthAndAsset * assets.length;
  const asked = lives.some(({ life }) => life.healthyUntil !== undefined);
  const falseAlarms = asked ? tally.falseAlarms : undefined;
  return { alarms, withheld, perMonth, perMonthAndAsset, requests, first, leads, falseAlarms };
}
