import { Subject } from 'rxjs';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { PatternWatch } from '../../../operators/correlate/pattern-watch.ts';
import { enrich } from '../../../operators/enrich/enrich.ts';
import type { Flow, Stage, StageId } from '../../../operators/flow/flow.ts';
import { order } from '../../../operators/flow/order.ts';
import { eachEvent } from '../../../operators/flow/stateless.ts';
import type { States } from '../../../operators/flow/states.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Finding, Incident } from '../../../operators/model/incident.ts';
import { lineKey } from '../../../operators/model/key.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { PatternExample } from '../../../operators/model/pattern-example.ts';
import type { PatternRule, PatternStageRule } from '../../../operators/model/pattern-rule.ts';
import { type PlantModel, plantModelSchema } from '../../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../../operators/model/rules.ts';
import type { Enriched, Observation, Observed } from '../../../operators/model/situation.ts';
import { type Duration, type EventTime, minus, plus } from '../../../operators/model/time.ts';
import { rankOfFinding } from '../../plant.ts';
import {
  EXAMPLE_BEGIN,
  EXAMPLE_LINE,
  EXAMPLE_PLANT,
  type Happening,
  happeningsOf,
} from './example-events.ts';
import { machineEventOf } from './values.ts';

const LINE = lineKey(EXAMPLE_PLANT, EXAMPLE_LINE);

/** Runs one example through the stages that the pipeline has for patterns, in event time; gives the incidents. */
export function playExample(
  rule: PatternRule,
  example: PatternExample,
  watch?: PatternWatch,
): readonly Incident[] {
  const incidents: Incident[] = [];
  const log = new Subject<Flow<Happening>>();
  let failure: { readonly error: unknown } | undefined;
  const ordered = order<Known>(
    { id: 'order' as StageId, version: 1, rank: rankOfFinding },
    FORGETFUL,
  );
  log.pipe(known(FORGETFUL), ordered, correlate(FORGETFUL, watch)).subscribe({
    next: (item) => {
      if (item.kind === 'event' && isIncident(item.value)) incidents.push(item.value);
    },
    error: (error) => {
      failure = { error };
    },
  });
  for (const item of flowOf(rule, example)) {
    log.next(item);
    if (failure !== undefined) throw failure.error;
  }
  return incidents;
}

/** An example ends where it ends: nothing is written down. */
const FORGETFUL: States = { restore: () => undefined, save: () => {} };

function* flowOf(rule: PatternRule, example: PatternExample): Generator<Flow<Happening>> {
  let sequence = 0;
  const change = (value: ChangeValue): Flow<Happening> => {
    sequence += 1;
    return { kind: 'change', sequence: sequence as Sequence, value };
  };
  yield change({ kind: 'model', id: '1', model: modelOf(example) });
  const rules: Rules = { ...rulesSchema.parse({}), patterns: [rule] };
  yield change({ kind: 'rules', id: '1', plant: EXAMPLE_PLANT, rules });
  let last = EXAMPLE_BEGIN;
  for (const happening of happeningsOf(example)) {
    const { time, asset: key, what } = happening;
    last = time;
    // Time has come up to this, and everything before it has been dealt with.
    yield watermark(minus(time, 1 as Duration));
    yield 'entry' in what
      ? change({ kind: 'schedule', line: LINE, entries: [what.entry] })
      : { kind: 'event', key, time, value: happening };
  }
  yield watermark(endOf(rule, example, last));
}

function watermark(time: EventTime): Flow<Happening> {
  return { kind: 'watermark', scope: 'line', of: LINE, time };
}

/** By then all that time alone can complete or end is complete or ended, if the example does not say until when. */
function endOf(rule: PatternRule, { until }: PatternExample, last: EventTime): EventTime {
  if (until !== undefined) return plus(EXAMPLE_BEGIN, until);
  return plus(last, Math.max(rule.within ?? 0, ...gapsOf(rule.pattern)) as Duration);
}

function gapsOf(stages: readonly PatternStageRule[]): readonly number[] {
  return stages.flatMap(({ within_previous, repeat_within, stages: inner }) => {
    return [within_previous ?? 0, repeat_within ?? 0, ...gapsOf(inner ?? [])];
  });
}

function modelOf({ assets, events }: PatternExample): PlantModel {
  const names = new Set([...Object.keys(assets), ...events.map(({ asset }) => asset)]);
  const all = [...names].map((id) => ({ id, ...assets[id] }));
  return plantModelSchema.parse({
    id: EXAMPLE_PLANT,
    lines: [{ id: EXAMPLE_LINE, assets: all }],
  });
}

type Known = Enriched<Observation> | Anomaly;

/** What the machine was doing: `situate` says it of an anomaly as of any event of its machine and time. */
function known(states: States): Stage<Happening, Known> {
  return (source) => {
    let now: Happening | undefined;
    return source.pipe(
      eachEvent<Happening, Observed>((event, emit) => {
        now = event.value;
        emit({ ...event, value: observedOf(now) });
      }),
      enrich(states),
      eachEvent<Enriched<Observation>, Known>((event, emit) => {
        const { value } = event.value;
        if (now === undefined || value.kind === 'schedule') {
          emit(event);
          return;
        }
        const { what, doing } = now;
        const situation = { ...event.value.situation, ...doing };
        emit({
          ...event,
          value: 'said' in what ? { ...what.said, situation } : { value, situation },
        });
      }),
    );
  };
}

function observedOf({ what, asset, time }: Happening): Observed {
  return 'observed' in what ? what.observed : machineEventOf('said', asset, time, {}, 0);
}

function isIncident(value: Finding): value is Incident {
  return 'kind' in value && value.kind === 'incident';
}
