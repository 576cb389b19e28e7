/** Objectives as rules for Prometheus: whether each is degraded now, and alarms when its error budget burns too fast. */

import { stringify } from 'yaml';
import { OBJECTIVES, type ObjectiveName, type Objectives } from '../warehouse/objectives.ts';

/** Metrics of `docs/operations.md` that say whether an objective is degraded: 1 or 0, by pipeline. */
const DEGRADED: Readonly<Record<ObjectiveName, (seconds: number) => readonly string[]>> = {
  // A worker that does not answer says nothing else.
  flow: () => [
    'andon_log_stalled',
    '1 - andon_connected{server="NATS"}',
    '1 - up{job="andon"}',
    'increase(andon_dead_letters_total{reason=~"gap|trimmed|defect|refused|overflow"}[2m]) > bool 0',
  ],
  latency: (seconds) => [
    `andon_log_lag_seconds > bool ${seconds}`,
    // An epoch takes 2 s at most: the oldest of more than these is older than that.
    `andon_sink_behind_epochs{sink="clickhouse"} > bool ${Math.ceil(seconds / 2)}`,
  ],
  request_creation: (seconds) => [
    `min_over_time(andon_stuck{place=~"broker|gateway|target"}[${seconds}s]) > bool 0`,
    'andon_cmms_door_wrong',
  ],
  synchronisation: () => ['andon_old_copies > bool 0'],
  reconciliation: (seconds) => [
    `time() - andon_reconciled_timestamp_seconds > bool ${seconds}`,
    `min_over_time(andon_system_differences[${seconds}s]) > bool 0`,
  ],
};

/**
 * How fast the budget of 30 days burns, seen over a long and a short window: the long one so that a moment is none, the short one so
 * that it ends soon after its cause. Source: Beyer et al., The Site Reliability Workbook, O'Reilly 2018, chapter 5, table 5-8.
 */
const BURN_RATES = [
  { rate: 14.4, long: '1h', short: '5m', severity: 'page', share: '2 %' },
  { rate: 6, long: '6h', short: '30m', severity: 'page', share: '5 %' },
  { rate: 1, long: '3d', short: '6h', severity: 'ticket', share: '10 %' },
] as const;

const RECORDED = 'andon:objective_degraded';

/** A file of rules for Prometheus. */
export function prometheusRules(objectives: Objectives): string {
  const names = Object.keys(OBJECTIVES) as ObjectiveName[];
  const groups = [
    {
      name: 'andon-objectives',
      interval: '30s',
      rules: names.map((objective) => ({
        record: RECORDED,
        expr: `max by (pipeline) (${DEGRADED[objective](
          Math.round(objectives[objective].within / 1e6),
        )
          .map((one) => `(${one})`)
          .join(' or ')})`,
        labels: { objective },
      })),
    },
    {
      name: 'andon-burn-rates',
      rules: names.flatMap((objective) =>
        BURN_RATES.map((burn) => alarmOf(objective, objectives[objective].target, burn)),
      ),
    },
  ];
  const head = '# Made by `andon objectives --prometheus`. Change the objectives, not this.\n';
  return head + stringify({ groups }, { lineWidth: 0 });
}

function alarmOf(
  objective: ObjectiveName,
  target: number,
  { rate, long, short, severity, share }: (typeof BURN_RATES)[number],
) {
  const limit = Number(((rate * (100 - target)) / 100).toPrecision(6));
  const over = (window: string) =>
    `avg_over_time(${RECORDED}{objective="${objective}"}[${window}]) > ${limit}`;
  return {
    alert: `AndonObjective${nameOf(objective)}`,
    expr: `${over(long)} and ${over(short)}`,
    labels: { severity, objective, window: long },
    annotations: {
      summary: `${OBJECTIVES[objective].title}: the error budget burns ${rate} times too fast`,
      description: `${share} of the budget of 30 days (${target} %) or more went in ${long}. See andon objectives.`,
    },
  };
}

function nameOf(objective: ObjectiveName): string {
  return objective
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
