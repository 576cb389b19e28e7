import { type EventTime, SECOND, toIso } from '../../../operators/model/time.ts';
import { median } from '../../base/median.ts';
import { leadsIn, type SweepReport } from './describe-sweep.ts';
import { monthsOf } from './measured-span.ts';
import type { Outcome } from './outcome.ts';

/** The same as one object for programs: durations in seconds, times as ISO text, null for what there is not. */
export function sweepJson(report: SweepReport): object {
  const { swept, span, outcomes, messages, defects, lasting, interrupted } = report;
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
      const outcome = outcomes[at];
      if (outcome === undefined) return [];
      const named = Object.fromEntries(
        swept.fields.map((field, index) => [field, values[index] ?? null]),
      );
      return [{ values: named, in_file: inFile, ...figures(outcome) }];
    }),
  };
}

function figures(outcome: Outcome) {
  const { leads } = outcome;
  const found = leadsIn(leads);
  return {
    alarms: outcome.alarms,
    withheld: outcome.withheld,
    alarms_per_month: outcome.perMonth ?? null,
    alarms_per_month_and_asset: outcome.perMonthAndAsset ?? null,
    false_alarms: outcome.falseAlarms ?? null,
    requests: outcome.requests,
    first_alarm: iso(outcome.first),
    warned: found.length,
    least_lead: seconds(found[0]),
    median_lead: seconds(median(found)),
    leads: leads.map(({ asset, end, told, lead }) => {
      return { asset, end: iso(end), told: iso(told), lead: seconds(lead) };
    }),
  };
}

function iso(time: EventTime | undefined): string | null {
  return time === undefined ? null : toIso(time);
}

function seconds(duration: number | undefined): number | null {
  return duration === undefined ? null : duration / SECOND;
}
