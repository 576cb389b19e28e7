// What a sweep found, for each choice of values: rates and lead times, as a table or as JSON.

import type { AssetKey } from '../../../operators/model/key.ts';
import {
  between,
  type Duration,
  type EventTime,
  formatDuration,
  later,
  SECOND,
  toIso,
} from '../../../operators/model/time.ts';
import { inColumns } from '../../base/in-columns.ts';
import { median } from '../../base/median.ts';
import type { AlarmTally } from './alarm-tally.ts';
import { type MeasuredSpan, monthsOf } from './measured-span.ts';
import type { PeriodsOf } from './operating-periods.ts';
import type { Swept, Variant } from './variants.ts';

export type SweepReport = {
  readonly swept: Swept;
  readonly span: MeasuredSpan;
  /** One for each variant, in their order. */
  readonly results: readonly VariantResult[];
  readonly messages: number;
  readonly defects: number;
  readonly lasting: Duration;
  /** Somebody stopped it: there is more in the recordings. */
  readonly interrupted: boolean;
};

/** How early a machine was known to fail. */
type LeadTime = {
  readonly asset: AssetKey;
  readonly end: EventTime;
  /** The first alarm that lasted; undefined: none. */
  readonly firstAlarm: EventTime | undefined;
  readonly lead: Duration | undefined;
};

/** What one choice of values makes of the recordings. Rates are undefined where nothing was measured. */
type VariantResult = {
  readonly alarms: number;
  readonly withheld: number;
  readonly perMonth: number | undefined;
  readonly perMonthAndAsset: number | undefined;
  readonly requests: number;
  readonly first: EventTime | undefined;
  readonly leads: readonly LeadTime[];
  /** Undefined: nobody said until when a machine was healthy. */
  readonly falseAlarms: number | undefined;
};

/** Counts become rates and lead times. */
export function variantResult(
  tally: AlarmTally,
  span: MeasuredSpan,
  periodsOf: PeriodsOf,
): VariantResult {
  const { alarms, withheld, requests, first } = tally;
  const assets = [...span.assets].sort(([a], [b]) => (a < b ? -1 : 1));
  const periods = assets.flatMap(([asset, { last }]) =>
    periodsOf(asset).map((period) => ({ asset, period, last })),
  );
  const leads = periods
    .filter(({ period: { measured, from }, last }) => measured && from < last)
    .map(({ asset, period, last }) => {
      const firstAlarm = tally.lasting.get(asset)?.get(period);
      const end = period.end ?? last;
      // The last window may end after the last measurement.
      const lead =
        firstAlarm === undefined ? undefined : between(firstAlarm, later(firstAlarm, end));
      return { asset, end, firstAlarm, lead };
    });
  const months = monthsOf(span);
  const perMonthAndAsset = months > 0 ? alarms / months : undefined;
  const perMonth = perMonthAndAsset === undefined ? undefined : perMonthAndAsset * assets.length;
  const asked = periods.some(({ period }) => period.healthyUntil !== undefined);
  const falseAlarms = asked ? tally.falseAlarms : undefined;
  return { alarms, withheld, perMonth, perMonthAndAsset, requests, first, leads, falseAlarms };
}

const NONE = '–';

/** The table for people: what it counts, then a line for each choice of values. */
export function describeSweep(report: SweepReport): string {
  const { swept, span, results, messages, defects, lasting, interrupted } = report;
  const assets = span.assets.size;
  const several = results.some(({ leads }) => leads.length > 1);
  const judged = results.some(({ falseAlarms }) => falseAlarms !== undefined);
  const columns: readonly TableColumn[] = [
    ...swept.fields.map((name, at) => valueColumn(name, at)),
    ['', ({ variant }) => (variant.inFile ? 'in the file' : '')],
    ['alarms', ({ result }) => `${result.alarms}`],
    ['a month', ({ result }) => rate(result.perMonth)],
    ...(assets > 1 ? [rateOfAsset] : []),
    ...(judged ? [falseAlarms] : []),
    ['requests', ({ result }) => `${result.requests}`],
    ['first alarm', ({ result: { first } }) => (first === undefined ? NONE : second(first))],
    ...(several ? severalLeads : [oneLead]),
  ];
  const head = columns.map(([name]) => name);
  const rows = swept.variants.map((variant, at) => {
    const result = results[at];
    return result === undefined ? [] : columns.map(([, cell]) => cell({ variant, result }));
  });
  const flush = columns.flatMap(([name], at) => (LEFT.has(name) ? [] : [at]));
  return [
    `${messages} messages: ${span.readings} readings, ${span.waveforms} waveforms`,
    measured(span),
    `alarms of ${swept.detectors.join(', ')}; requests of all rules`,
    `lead time: from the first alarm that stood at the end or for ${formatDuration(lasting)}`,
    ...(interrupted ? ['interrupted: this is what was seen so far'] : []),
    ...(defects > 0 ? [`${defects} messages were skipped: operators threw on them`] : []),
    '',
    inColumns([head, ...rows], new Set(flush)),
  ].join('\n');
}

function measured(span: MeasuredSpan): string {
  const count = span.assets.size;
  const months = monthsOf(span);
  const assets = count === 1 ? 'one asset' : `${count} assets`;
  const much = `measured: ${assets}, ${months.toPrecision(3)} months of 30.4 days${count > 1 ? ' together' : ''}`;
  return months < count ? `${much}; alarms a month are extrapolated` : much;
}

type TableLine = { readonly variant: Variant; readonly result: VariantResult };
type TableColumn = readonly [name: string, cell: (line: TableLine) => string];

const LEFT = new Set(['', 'first alarm']);

function valueColumn(name: string, at: number): TableColumn {
  return [name, ({ variant }) => `${variant.values[at] ?? NONE}`];
}

const rateOfAsset: TableColumn = [
  'a month and asset',
  ({ result }) => rate(result.perMonthAndAsset),
];

const falseAlarms: TableColumn = [
  'false',
  ({ result: { falseAlarms: number } }) => (number === undefined ? NONE : `${number}`),
];

const oneLead: TableColumn = ['lead time', ({ result: { leads } }) => time(leads[0]?.lead)];

const severalLeads: readonly TableColumn[] = [
  ['warned', ({ result: { leads } }) => `${leadsIn(leads).length} of ${leads.length}`],
  ['least lead time', ({ result: { leads } }) => time(leadsIn(leads)[0])],
  ['median', ({ result: { leads } }) => time(median(leadsIn(leads)))],
];

/** The lead times that there are, the shortest first. */
function leadsIn(leads: readonly LeadTime[]): readonly Duration[] {
  return leads.flatMap(({ lead }) => (lead === undefined ? [] : [lead])).sort((a, b) => a - b);
}

function rate(perMonth: number | undefined): string {
  if (perMonth === undefined) return NONE;
  return perMonth < 10 ? perMonth.toFixed(2) : perMonth.toFixed(0);
}

/** To the second: more is noise here. */
function time(duration: number | undefined): string {
  if (duration === undefined) return NONE;
  return formatDuration((Math.round(duration / SECOND) * SECOND) as Duration);
}

function second(at: EventTime): string {
  return toIso((Math.floor(at / SECOND) * SECOND) as EventTime);
}

/** The same as one object for programs: durations in seconds, times as ISO text, null for what there is not. */
export function sweepJson(report: SweepReport): object {
  const { swept, span, results, messages, defects, lasting, interrupted } = report;
  return {
    fields: swept.fields,
    detectors: swept.detectors,
    lasting: lasting / SECOND,
    interrupted,
    messages,
    defects,
    readings: span.readings,
    waveforms: span.waveforms,
    assets: span.assets.size,
    months: monthsOf(span),
    values: swept.variants.flatMap(({ values, inFile }, at) => {
      const result = results[at];
      if (result === undefined) return [];
      const named = Object.fromEntries(
        swept.fields.map((field, index) => [field, values[index] ?? null]),
      );
      return [{ values: named, in_file: inFile, ...figures(result) }];
    }),
  };
}

function figures(result: VariantResult) {
  const { leads } = result;
  const found = leadsIn(leads);
  return {
    alarms: result.alarms,
    withheld: result.withheld,
    alarms_per_month: result.perMonth ?? null,
    alarms_per_month_and_asset: result.perMonthAndAsset ?? null,
    false_alarms: result.falseAlarms ?? null,
    requests: result.requests,
    first_alarm: iso(result.first),
    warned: found.length,
    least_lead: seconds(found[0]),
    median_lead: seconds(median(found)),
    leads: leads.map(({ asset, end, firstAlarm, lead }) => {
      return { asset, end: iso(end), told: iso(firstAlarm), lead: seconds(lead) };
    }),
  };
}

function iso(time: EventTime | undefined): string | null {
  return time === undefined ? null : toIso(time);
}

function seconds(duration: number | undefined): number | null {
  return duration === undefined ? null : duration / SECOND;
}
