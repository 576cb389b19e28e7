import { formatDuration } from '../../../operators/model/duration.ts';
import { type Duration, type EventTime, SECOND, toIso } from '../../../operators/model/time.ts';
import { inColumns } from '../../base/in-columns.ts';
import { median } from '../../base/median.ts';
import { type MeasuredSpan, monthsOf } from './measured-span.ts';
import type { Lead, Outcome } from './outcome.ts';
import type { Swept, Variant } from './variants.ts';

export type SweepReport = {
  readonly swept: Swept;
  readonly span: MeasuredSpan;
  /** One for each variant, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly messages: number;
  readonly defects: number;
  readonly lasting: Duration;
  /** Somebody stopped it: there is more in the recordings. */
  readonly interrupted: boolean;
};

const NONE = '–';

/** The table for people: what it counts, then a line for each choice of values. */
export function describeSweep(report: SweepReport): string {
  const { swept, span, outcomes, messages, defects, lasting, interrupted } = report;
  const assets = span.assets.size;
  const several = outcomes.some(({ leads }) => leads.length > 1);
  const judged = outcomes.some(({ falseAlarms }) => falseAlarms !== undefined);
  const columns: readonly Column[] = [
    ...swept.fields.map((name, at) => valueColumn(name, at)),
    ['', ({ variant }) => (variant.inFile ? 'in the file' : '')],
    ['alarms', ({ outcome }) => `${outcome.alarms}`],
    ['a month', ({ outcome }) => rate(outcome.perMonth)],
    ...(assets > 1 ? [rateOfAsset] : []),
    ...(judged ? [falseAlarms] : []),
    ['requests', ({ outcome }) => `${outcome.requests}`],
    ['first alarm', ({ outcome: { first } }) => (first === undefined ? NONE : second(first))],
    ...(several ? severalLeads : [oneLead]),
  ];
  const head = columns.map(([name]) => name);
  const rows = swept.variants.map((variant, at) => {
    const outcome = outcomes[at];
    return outcome === undefined ? [] : columns.map(([, cell]) => cell({ variant, outcome }));
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

type Line = { readonly variant: Variant; readonly outcome: Outcome };
type Column = readonly [name: string, cell: (line: Line) => string];

const LEFT = new Set(['', 'first alarm']);

function valueColumn(name: string, at: number): Column {
  return [name, ({ variant }) => `${variant.values[at] ?? NONE}`];
}

const rateOfAsset: Column = ['a month and asset', ({ outcome }) => rate(outcome.perMonthAndAsset)];

const falseAlarms: Column = [
  'false',
  ({ outcome: { falseAlarms: number } }) => (number === undefined ? NONE : `${number}`),
];

const oneLead: Column = ['lead time', ({ outcome: { leads } }) => time(leads[0]?.lead)];

const severalLeads: readonly Column[] = [
  ['warned', ({ outcome: { leads } }) => `${leadsIn(leads).length} of ${leads.length}`],
  ['least lead time', ({ outcome: { leads } }) => time(leadsIn(leads)[0])],
  ['median', ({ outcome: { leads } }) => time(median(leadsIn(leads)))],
];

/** The lead times that there are, the shortest first. */
export function leadsIn(leads: readonly Lead[]): readonly Duration[] {
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
