import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { alarm } from '../../../../operators/alarm/alarm.ts';
import { coordinate } from '../../../../operators/coordinate/coordinate.ts';
import { correlate } from '../../../../operators/correlate/correlate.ts';
import { detect } from '../../../../operators/detect/detect.ts';
import type { Stage } from '../../../../operators/flow/flow.ts';
import { order } from '../../../../operators/flow/order.ts';
import { eachEvent } from '../../../../operators/flow/stage.ts';
import type { States } from '../../../../operators/flow/states.ts';
import type { Detected } from '../../../../operators/model/anomaly.ts';
import type { ExampleEvent, PatternExample } from '../../../../operators/model/examples.ts';
import type { Message } from '../../../../operators/model/message.ts';
import type { PatternRule } from '../../../../operators/model/pattern-rule.ts';
import type { Request } from '../../../../operators/model/request.ts';
import { rulesSchema } from '../../../../operators/model/rules.ts';
import { type Duration, MINUTE, minus, plus } from '../../../../operators/model/time.ts';
import { trigger } from '../../../../operators/trigger/trigger.ts';
import { DETECTED_ORDER, observe } from '../../../../pipelines/plant.ts';
import {
  EXAMPLE_BEGIN,
  exampleEventsOf,
  type TimedEvent,
} from '../../../../pipelines/rules/examples/example-events.ts';
import { exampleLog } from '../../../../pipelines/rules/examples/example-log.ts';
import { replayExample } from '../../../../pipelines/rules/examples/replay-example.ts';
import { createPipelineEngine } from '../../../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../../../pipelines/worker/epochs/state-image.ts';
import { textOf } from '../../../support/architecture.ts';
import { blocksOf } from '../../../support/documents.ts';

type Raw = { readonly patterns: readonly Readonly<Record<string, unknown>>[] };

const FINDING = 'a-finding-of-the-example';

/**
 * The plant pipeline, in which what an example says that detectors, windows and waveforms said takes the place of the
 * events that stand for it in the log: so it has the situation that the pipeline knows by then.
 */
function plantWith(findings: readonly TimedEvent[]) {
  return (states: States): Stage<Message, Request> =>
    (log) =>
      log.pipe(
        observe(states),
        detect(states),
        eachEvent<Detected, Detected>((event, emit) => {
          const found = findingOf(event.value, findings);
          emit(found === undefined ? event : { ...event, value: found });
        }),
        order<Detected>(DETECTED_ORDER, states),
        alarm(states),
        correlate(states),
        trigger(states),
        coordinate(states),
      );
}

function findingOf(value: Detected, findings: readonly TimedEvent[]): Detected | undefined {
  if ('kind' in value || value.observation.kind !== 'event' || value.observation.type !== FINDING)
    return;
  const timed = findings[Number(value.observation.data.index)];
  if (timed === undefined) return undefined;
  const situation = { ...value.situation, ...timed.situation };
  if ('anomaly' in timed.content) return { ...timed.content.anomaly, situation };
  return 'observed' in timed.content
    ? { observation: timed.content.observed, situation }
    : undefined;
}

/** What came out, as far as `andon test` looks at it. */
type Found = readonly string[];

function byTest(rule: PatternRule, example: PatternExample): Found {
  return replayExample(rule, example)
    .map(({ rule: id, time, evidence }) => text(id, time, evidence))
    .sort();
}

function text(id: string, time: number, evidence: readonly { stage: string; time: number }[]) {
  const taken = evidence.map(({ stage, time: at }) => `${stage} ${(at - EXAMPLE_BEGIN) / 1e6}`);
  return `${id} at ${(time - EXAMPLE_BEGIN) / 1e6}: ${taken.join(', ')}`;
}

function byPipeline(raw: Raw, rule: PatternRule, example: PatternExample): Found {
  const timed = exampleEventsOf(example);
  const events = timed.map(({ time, asset, content }, index): ExampleEvent => {
    const at = { at: (time - EXAMPLE_BEGIN) as Duration, asset: asset.split('/')[2] ?? '' };
    if ('entry' in content) return scheduled(content.entry, at);
    if ('observed' in content && content.observed.kind === 'event') {
      return { ...at, event: content.observed.type, ...content.observed.data } as ExampleEvent;
    }
    return { ...at, event: FINDING, index };
  });
  const end = plus(timed.at(-1)?.time ?? EXAMPLE_BEGIN, longest(rule));
  const until = example.until === undefined ? end : plus(EXAMPLE_BEGIN, example.until);
  const { examples: _examples, ...alone } = raw.patterns.find(({ id }) => id === rule.id) ?? {};
  const whole = {
    ...{
      name: example.name,
      assets: example.assets,
      readings: [],
      events,
      replies: [],
      expect: {},
    },
    until: (minus(until, EXAMPLE_BEGIN as unknown as Duration) + MINUTE) as Duration,
  };
  const found: string[] = [];
  const engine = createPipelineEngine(plantWith(timed), NO_STATES, {
    row(row) {
      if (row.table !== 'incidents' || row.row.time > until) return;
      found.push(text(row.row.rule, row.row.time, JSON.parse(row.row.evidence)));
    },
  });
  for (const message of exampleLog(whole, { patterns: [alone] })) {
    engine.push(message);
  }
  return found.sort();
}

function scheduled(entry: { kind: string; start: number; end: number }, at: object): ExampleEvent {
  const offset = (time: number) => `+${(time - EXAMPLE_BEGIN) / 1e6}s`;
  const { kind, start, end, ...more } = entry;
  return {
    ...at,
    schedule: kind,
    from: offset(start),
    to: offset(end),
    ...more,
  } as unknown as ExampleEvent;
}

function longest({ within, pattern }: PatternRule): Duration {
  const gaps = JSON.stringify(pattern).match(/"(?:within_previous|repeat_within)":(\d+)/g) ?? [];
  return Math.max(within ?? 0, ...gaps.map((gap) => Number(/\d+/.exec(gap)))) as Duration;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const files = [
  ...readdirSync(`${root}examples/patterns`).map((name) => `examples/patterns/${name}`),
  ...['examples/rules.yaml', 'examples/demo/rules.yaml'],
].map((name) => [name, textOf(name)] as const);
const blocks = blocksOf('docs/rules.md')
  .filter(({ words, text }) => words.includes('yaml') && text.includes('patterns:'))
  .map(({ text }) => ['docs/rules.md', text] as const);
const examples = [...files, ...blocks].flatMap(([name, content]) => {
  const raw = parse(content) as Raw;
  return rulesSchema
    .parse(raw)
    .patterns.flatMap((rule) =>
      rule.examples.map(
        (example) => [name, rule.id, example.name, { raw, rule, example }] as const,
      ),
    );
});

describe('`andon test` and the pipeline make the same of an example', () => {
  test('there are many', () => expect(examples.length).toBeGreaterThan(40));

  test.each(examples)('%s %s: %s', (_file, _rule, _name, { raw, rule, example }) => {
    expect(byTest(rule, example)).toEqual(byPipeline(raw, rule, example));
  });

  const type = fc.constantFrom('a', 'b', 'state');
  const asset = fc.constantFrom('m1', 'm2');
  const word = fc.constantFrom('lid', 'cup');
  const condition = fc
    .tuple(
      fc.constantFrom("type == 'a'", "type == 'b'", "type == 'state'"),
      fc.constantFrom(
        ...['true', "data.product == 'lid'", "asset.product == 'lid'", "state == 'HELD'"],
        ...["data.state == 'HELD'", "asset.class == 'press'", "data.class == 'press'"],
        ...["signal == 'lid'", 'data.due > 1', "asset == 'm1'", "asset.order == 'lid'"],
      ),
    )
    .map((parts) => `kind == 'event' && ${parts.join(' && ')}`);
  const rules = fc
    .record({
      wheres: fc.array(condition, { minLength: 1, maxLength: 3 }),
      key: fc.constantFrom('asset', 'line', 'data.product', 'asset.state'),
      absent: fc.boolean(),
      skip: fc.constantFrom('no-skip', 'past-last-event'),
    })
    .map(({ wheres, key, absent, skip }) => ({
      ...{ id: 'p', key, skip, within: '30s' },
      pattern: wheres.map((where, index) => {
        if (index === 0) return { name: 's0', where };
        const last = index === wheres.length - 1;
        return {
          name: `s${index}`,
          where,
          ...(absent && last ? { absent: 'relaxed' } : { follows: 'relaxed' }),
        };
      }),
    }));
  const events = fc.array(
    fc.record(
      {
        ...{ type, asset, product: word, signal: word, class: fc.constant('press'), order: word },
        ...{ due: fc.nat(3), state: fc.constantFrom('HELD', 'EXECUTE', 'open') },
        step: fc.integer({ min: 1, max: 20 }),
      },
      { requiredKeys: ['type', 'asset', 'step'] },
    ),
    { minLength: 1, maxLength: 10 },
  );

  it('whatever fields events and machines have', () => {
    let matched = 0;
    fc.assert(
      fc.property(rules, events, (pattern, list) => {
        let at = 0;
        const told = list.map(({ type, step, state, ...fields }) => {
          at += step;
          // The state of a machine is a word of the standard.
          const known = type === 'state' && state !== 'HELD' ? 'EXECUTE' : state;
          return {
            at: `+${at}s`,
            event: type,
            ...fields,
            ...(known === undefined ? {} : { state: known }),
          };
        });
        const example = {
          name: 'x',
          assets: { m1: { class: 'press' } },
          events: told,
          expect: 'none',
        };
        const raw = { patterns: [{ ...pattern, examples: [example] }] };
        const [rule] = rulesSchema.parse(raw).patterns;
        const [one] = rule?.examples ?? [];
        if (rule === undefined || one === undefined) throw new Error('no example');
        const found = byTest(rule, one);
        matched += found.length;
        expect(found).toEqual(byPipeline(raw, rule, one));
      }),
      { numRuns: 150 },
    );
    expect(matched).toBeGreaterThan(20);
  });
});

describe('Events of one time', () => {
  const list = (...types: readonly string[]): PatternExample['events'] =>
    types.map((event) => ({ at: 0 as Duration, asset: 'machine', event }) as ExampleEvent);
  const rule = rulesSchema.parse({
    patterns: [
      {
        ...{ id: 'p', within: '1m' },
        pattern: [
          { name: 'z', where: "kind == 'event' && type == 'z'" },
          { name: 'b', follows: 'strict', where: "kind == 'event' && type == 'b'" },
          { name: 'a', follows: 'strict', where: "kind == 'event' && type == 'a'" },
        ],
      },
    ],
  }).patterns[0] as PatternRule;

  it('are played in the order of the list, not of their names', () => {
    const played = (...types: readonly string[]) =>
      replayExample(rule, { name: '', assets: {}, events: list(...types), expect: [] }).length;
    expect(played('z', 'b', 'a')).toBe(1);
    expect(played('a', 'b', 'z')).toBe(0);
    expect(played('b', 'z', 'a')).toBe(0);
    expect(played('z', 'a', 'b')).toBe(0);
  });
});
