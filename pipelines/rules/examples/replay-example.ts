import { correlate } from '../../../operators/correlate/correlate.ts';
import type { PatternWatch } from '../../../operators/correlate/matcher.ts';
import { enrich } from '../../../operators/enrich/enrich.ts';
import type { Flow, Stage, StageId } from '../../../operators/flow/flow.ts';
import { order } from '../../../operators/flow/order.ts';
import { eachEvent, handlerOf } from '../../../operators/flow/stage.ts';
import { NO_CHECKPOINTS, type States } from '../../../operators/flow/states.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { PatternExample } from '../../../operators/model/examples.ts';
import type { Incident, TriggerInput } from '../../../operators/model/incident.ts';
import { lineKey } from '../../../operators/model/key.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Enriched, Observation, Observed } from '../../../operators/model/observation.ts';
import type { PatternRule, PatternStageRule } from '../../../operators/model/pattern-rule.ts';
import { type PlantModel, plantModelSchema } from '../../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../../operators/model/rules.ts';
import { type Duration, type EventTime, minus, plus } from '../../../operators/model/time.ts';
import {
  EXAMPLE_BEGIN,
  EXAMPLE_LINE,
  EXAMPLE_PLANT,
  exampleEventsOf,
  machineEventOf,
  type TimedEvent,
} from './example-events.ts';

const LINE = lineKey(EXAMPLE_PLANT, EXAMPLE_LINE);

/** Runs an example through the stages that the pipeline has for patterns, in event time; gives the incidents. */
export function replayExample(
  rule: PatternRule,
  example: PatternExample,
  watch?: PatternWatch,
): readonly Incident[] {
  const incidents: Incident[] = [];
  const ordered = order<Detected>(
    { id: 'order' as StageId, compare: (a, b) => kindOf(a) - kindOf(b) },
    NO_CHECKPOINTS,
  );
  const handle = handlerOf<TimedEvent, TriggerInput>(
    (log) => log.pipe(enrichEvents(NO_CHECKPOINTS), ordered, correlate(NO_CHECKPOINTS, watch)),
    (item) => {
      if (item.kind === 'event' && isIncident(item.value)) incidents.push(item.value);
    },
  );
  for (const item of flowOf(rule, example)) handle(item);
  return incidents;
}

/**
 * Of one machine and time: what the schedule says, what happened, what was measured, and what detectors found in it, as in
 * the pipeline. Events of one kind stay in the order of the example, which is that of their arrival.
 */
function kindOf(value: Detected): number {
  return 'kind' in value ? KINDS.length : KINDS.indexOf(value.observation.kind);
}

const KINDS: readonly Observation['kind'][] = ['schedule', 'event', 'features', 'window'];

function* flowOf(rule: PatternRule, example: PatternExample): Generator<Flow<TimedEvent>> {
  let sequence = 0;
  const change = (value: ChangeValue): Flow<TimedEvent> => {
    sequence += 1;
    return { kind: 'change', sequence: sequence as Sequence, value };
  };
  yield change({ kind: 'model', id: '1', model: modelOf(example) });
  const rules: Rules = { ...rulesSchema.parse({}), patterns: [rule] };
  yield change({ kind: 'rules', id: '1', plant: EXAMPLE_PLANT, rules });
  let last = EXAMPLE_BEGIN;
  for (const event of exampleEventsOf(example)) {
    const { time, asset: key, content } = event;
    last = time;
    // Time has come up to this, and everything before it has been dealt with.
    yield watermark(minus(time, 1 as Duration));
    yield 'entry' in content
      ? change({ kind: 'schedule', line: LINE, entries: [content.entry] })
      : { kind: 'event', key, time, value: event };
  }
  yield watermark(endOf(rule, example, last));
}

function watermark(time: EventTime): Flow<TimedEvent> {
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

/** Machines in the order in which they first appear: so are their events of one time. */
function modelOf({ assets, events }: PatternExample): PlantModel {
  const names = new Set([...events.map(({ asset }) => asset), ...Object.keys(assets)]);
  const all = [...names].map((id) => ({ id, ...assets[id] }));
  return plantModelSchema.parse({
    id: EXAMPLE_PLANT,
    lines: [{ id: EXAMPLE_LINE, assets: all }],
  });
}

/** Adds the situation of the machine. `enrich` takes an anomaly for a machine event of the same asset and time. */
function enrichEvents(states: States): Stage<TimedEvent, Detected> {
  return (source) => {
    let current: TimedEvent | undefined;
    return source.pipe(
      eachEvent<TimedEvent, Observed>((event, emit) => {
        current = event.value;
        emit({ ...event, value: observedOf(current) });
      }),
      enrich(states),
      eachEvent<Enriched<Observation>, Detected>((event, emit) => {
        const { observation: value } = event.value;
        if (current === undefined || value.kind === 'schedule') {
          emit(event);
          return;
        }
        const { content } = current;
        const situation = { ...event.value.situation, ...current.situation };
        emit({
          ...event,
          value:
            'anomaly' in content
              ? { ...content.anomaly, situation }
              : { observation: value, situation },
        });
      }),
    );
  };
}

function observedOf({ content, asset, time }: TimedEvent): Observed {
  return 'observed' in content ? content.observed : machineEventOf('anomaly', asset, time, {}, 0);
}

function isIncident(value: TriggerInput): value is Incident {
  return 'kind' in value && value.kind === 'incident';
}
