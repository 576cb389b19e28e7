import { filter, tap } from 'rxjs';
import type { Flow, Row, Stage } from '../../../operators/flow/flow.ts';
import { fork, stage } from '../../../operators/flow/stage.ts';

import type { States } from '../../../operators/flow/states.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import type { Request } from '../../../operators/model/request.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { ALL_LINES, evaluate, observe } from '../../plant.ts';
import { createPipelineEngine } from '../../worker/epochs/engine.ts';
import { NO_STATES } from '../../worker/epochs/state-image.ts';
import { type FiniteLog, type ReplayResult, replayLog } from '../replay-log.ts';
import {
  type AlarmTally,
  closeTally,
  countAlarms,
  createAlarmTally,
  type TallyOptions,
} from './alarm-tally.ts';
import { createMeasuredSpan, extendSpan, type MeasuredSpan } from './measured-span.ts';

export type SweepOptions = FiniteLog &
  TallyOptions & {
    /** The change that brings the rules of the file into the log: each variant has its own in their place. */
    readonly change: string;
    readonly variants: readonly Rules[];
  };

export type Sweeping = {
  readonly span: MeasuredSpan;
  /** One for each variant, in their order. */
  readonly tallies: readonly AlarmTally[];
};

type Observed = Enriched<Observation>;

/** What becomes of the rows of one pass: those of what was measured, and those of each variant. */
export type VariantPass<T> = {
  readonly result: T;
  readonly measured?: (row: Row) => void;
  /** `at`: the place of the variant in its list. */
  readonly judged: (at: number, row: Row) => void;
};

/**
 * Backtests several rules in one pass. They differ in detectors alone, so what was measured (decoding, windows,
 * spectra, situations) is worked out once, and each variant judges it with stages and states of its own: the same
 * anomalies and requests as a backtest of each. A message on which an operator throws in one is skipped in all, and
 * all begins anew: so `begin` makes what the rows go into.
 */
export async function replayVariants<T>(
  { change, variants, ...log }: FiniteLog & Pick<SweepOptions, 'change' | 'variants'>,
  begin: () => VariantPass<T>,
): Promise<ReplayResult<T>> {
  return replayLog(log, () => {
    const { result, measured, judged } = begin();
    const branches = variants.map((rules, at) => (states: States): Stage<Observed, Request> => {
      return (observations) =>
        observations.pipe(
          ruledBy(rules, change),
          evaluate(states, undefined, ALL_LINES),
          tap((item) => {
            if (item.kind === 'row') judged(at, item);
          }),
          filter(() => false),
        );
    });
    const engine = createPipelineEngine(
      (states) => (messages) =>
        messages.pipe(observe(states), fork(...branches.map((made) => made(states)))),
      NO_STATES,
      { row: (row) => measured?.(row) },
    );
    return { engine, result };
  });
}

/** Backtests several rules in one pass, and counts what each would have raised. */
export async function sweep(options: SweepOptions): Promise<ReplayResult<Sweeping>> {
  const passed = await replayVariants(options, () => {
    const span = createMeasuredSpan();
    const tallies = options.variants.map(createAlarmTally);
    return {
      result: { span, tallies },
      measured: (row: Row) => extendSpan(span, row),
      judged(at: number, row: Row) {
        const tally = tallies[at];
        if (tally !== undefined) countAlarms(tally, row, options);
      },
    };
  });
  for (const tally of passed.result.tallies) closeTally(tally, options);
  return passed;
}

function ruledBy(rules: Rules, change: string): Stage<Observed, Observed> {
  const instead = (item: Flow<Observed>): Flow<Observed> => {
    if (item.kind !== 'change') return item;
    const { value } = item;
    if (value.kind !== 'rules' || value.id !== change) return item;
    return { ...item, value: { ...value, rules } };
  };
  return stage((emit) => (item) => emit(instead(item)));
}
