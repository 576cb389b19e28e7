import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceTime, LIMITS, processEvent } from '../../../operators/correlate/matcher.ts';
import {
  countUnderWay,
  hasBegun,
  openPatternState,
} from '../../../operators/correlate/partial-matches.ts';
import type { PatternStage } from '../../../operators/correlate/pattern.ts';
import type { Duration, EventTime } from '../../../operators/model/time.ts';
import { build, expectedText, run, type Vector, type VectorEvent } from './run-vector.ts';

function event(seq: number, name: string, timestamp: number): VectorEvent {
  return { seq, id: seq, name, price: 0, timestamp: timestamp as EventTime, type: 'Event' };
}

function eventsOf(names: string, gap = 1): VectorEvent[] {
  return [...names].map((name, seq) => {
    return event(seq, name, seq * gap);
  });
}

type Stages = Vector['pattern']['stages'];

function vector(
  stages: Stages,
  events: readonly VectorEvent[],
  more: Partial<Vector> = {},
): Vector {
  const skip_strategy = { type: 'noSkip' } as const;
  return {
    name: '',
    pattern: { stages },
    skip_strategy,
    events,
    ...more,
  };
}

/**
 * Slow and obviously right: tries every choice of events for the consuming stages, and asks of each pair of
 * neighbours what the words say. For patterns whose absences stand between stages, or relaxed at the end.
 */
function everyMatch({ pattern, events, final_advance }: Vector): string[] {
  const meets = (stage: Stages[number], event: VectorEvent) =>
    stage.condition?.includes(`'${event.name}'`) === true;
  const consuming = pattern.stages.filter(({ contiguity }) => !contiguity.startsWith('not'));
  const within =
    pattern.stages.find(({ within_ms }) => within_ms !== undefined)?.within_ms ?? Infinity;
  const found: string[] = [];
  const choose = (chosen: readonly VectorEvent[]) => {
    if (chosen.length === consuming.length) {
      if (holds(chosen))
        found.push(
          expectedText(
            Object.fromEntries(chosen.map((event, i) => [consuming[i]!.name, [event.seq]])),
          ),
        );
      return;
    }
    for (const event of events) {
      if (event.seq <= (chosen.at(-1)?.seq ?? -1)) continue;
      if (meets(consuming[chosen.length]!, event)) choose([...chosen, event]);
    }
  };
  const holds = (chosen: readonly VectorEvent[]) => {
    const [start, end] = [chosen[0]!, chosen.at(-1)!];
    if (end.timestamp - start.timestamp >= within) return false;
    return pattern.stages.every((stage, index) => {
      const place = consuming.indexOf(stage);
      if (place === 0) return true;
      const after =
        pattern.stages.slice(0, index).filter((other) => consuming.includes(other)).length - 1;
      const from = chosen[after]!.seq;
      const to = chosen[after + 1]?.seq ?? Infinity;
      const inside = events.filter(({ seq }) => seq > from && seq < to);
      switch (stage.contiguity) {
        case 'begin':
        case 'relaxedAny':
          return true;
        case 'strict':
          return inside.length === 0;
        case 'relaxed':
          return !inside.some((event) => meets(stage, event));
        case 'notNext': {
          const next = events[from + 1];
          return next === undefined ? false : !meets(stage, next);
        }
        default: {
          // Between stages: never in between, and not at the event that would only continue the match.
          if (to !== Infinity) {
            const continues =
              after + 2 < consuming.length || pattern.stages.at(-1)!.contiguity.startsWith('not');
            return !events.some(
              (event) =>
                event.seq > from &&
                (continues ? event.seq <= to : event.seq < to) &&
                meets(stage, event),
            );
          }
          const limit = start.timestamp + within;
          const now = Math.max(
            final_advance ?? -Infinity,
            ...events.map(({ timestamp }) => timestamp),
          );
          return (
            now >= limit && !inside.some((event) => event.timestamp < limit && meets(stage, event))
          );
        }
      }
    });
  };
  choose([]);
  return found.sort();
}

const letter = fc.constantFrom('a', 'b', 'c');
const someEvents = fc
  .array(fc.record({ name: letter, step: fc.integer({ min: 0, max: 3 }) }), { maxLength: 12 })
  .map((list) => {
    let timestamp = 0;
    return list.map(({ name, step }, seq): VectorEvent => {
      timestamp += step;
      return event(seq, name, timestamp);
    });
  });
const someStages = fc
  .tuple(
    letter,
    fc.array(
      fc.tuple(fc.constantFrom('strict', 'relaxed', 'relaxedAny'), letter, fc.option(letter)),
      { maxLength: 3 },
    ),
    fc.option(letter),
    fc.integer({ min: 1, max: 12 }),
    fc.boolean(),
  )
  .map(([begin, rest, absentAtEnd, within_ms, bounded]) => {
    const stages: Stages[number][] = [
      { name: 's', contiguity: 'begin', condition: `name == '${begin}'` },
    ];
    for (const [index, [contiguity, name, absent]] of rest.entries()) {
      if (absent !== null) {
        stages.push({
          name: `n${index}`,
          contiguity: 'notFollowedBy',
          condition: `name == '${absent}'`,
        });
      }
      stages.push({
        name: `s${index}`,
        contiguity,
        condition: `name == '${name}'`,
      } as Stages[number]);
    }
    if (absentAtEnd !== null) {
      stages.push({
        name: 'end',
        contiguity: 'notFollowedBy',
        condition: `name == '${absentAtEnd}'`,
      });
    }
    if (!bounded && absentAtEnd === null) return stages;
    return stages.map((stage) => ({ ...stage, within_ms }));
  });

describe('the matcher', () => {
  it('finds what a slow, obviously right search finds', () => {
    fc.assert(
      fc.property(someStages, someEvents, (stages, events) => {
        const at = (events.at(-1)?.timestamp ?? 0) + 20;
        const asked = vector(stages, events, { final_advance: at });
        expect(run(asked).matches).toEqual(everyMatch(asked));
      }),
      { numRuns: 500 },
    );
  });

  const abc: Stages = [
    { name: 'a', contiguity: 'begin', condition: "name == 'a'" },
    { name: 'b', contiguity: 'relaxed', condition: "name == 'b'" },
  ];

  it.each([
    [
      'without a skip strategy both beginnings match',
      'noSkip',
      ['[["a",[0]],["b",[2]]]', '[["a",[1]],["b",[2]]]'],
    ],
    [
      'past the last event only the first beginning matches',
      'skipPastLastEvent',
      ['[["a",[0]],["b",[2]]]'],
    ],
    [
      'to next both beginnings match',
      'skipToNext',
      ['[["a",[0]],["b",[2]]]', '[["a",[1]],["b",[2]]]'],
    ],
  ] as const)('%s', (_, type, expected) => {
    const answer = run(vector(abc, eventsOf('aab'), { skip_strategy: { type } }));
    expect(answer.matches).toEqual(expected);
  });

  it('times a partial match out when exactly within has passed', () => {
    const stages = abc.map((stage) => ({ ...stage, within_ms: 5 }));
    expect(run(vector(stages, eventsOf('ab', 4))).matches).toHaveLength(1);
    const late = run(vector(stages, eventsOf('ab', 5)));
    expect(late.matches).toEqual([]);
    expect(late.timedOut).toEqual(['[["a",[0]]]']);
  });

  it('drops the oldest partial matches beyond its limit, and counts them', () => {
    const program = build({ stages: abc as readonly PatternStage[], skip: { type: 'noSkip' } });
    const state = openPatternState<VectorEvent>('');
    let dropped = 0;
    for (const event of eventsOf('a'.repeat(LIMITS.partials + 7))) {
      dropped += processEvent(program, state, event, event.timestamp as EventTime).dropped;
    }
    expect(dropped).toBe(7);
    expect(state.eventsInUse).toBe(LIMITS.partials);
    expect(state.partials[0]?.start).toBe(7);
  });

  it('drops the oldest partial matches beyond the events that it may hold', () => {
    const stages: PatternStage[] = [
      {
        ...{ name: 'a', contiguity: 'begin', condition: "name == 'a'" },
        quantifier: { times: [1, null], inner: 'relaxedAny' },
      },
      { name: 'b', contiguity: 'relaxed', condition: "name == 'b'" },
    ];
    const program = build({ stages, skip: { type: 'noSkip' } });
    const state = openPatternState<VectorEvent>('');
    let dropped = 0;
    for (const each of eventsOf('a'.repeat(9))) {
      const limits = { partials: 10_000, events: 5 };
      dropped += processEvent(program, state, each, each.timestamp, limits).dropped;
      expect(state.eventsInUse).toBeLessThanOrEqual(5);
    }
    expect(dropped).toBeGreaterThan(0);
    expect(state.partials.filter(hasBegun).every(({ start }) => start >= 4)).toBe(true);
  });

  it('shares what matches have in common: a hundred events in a loop are held once', () => {
    const stages: PatternStage[] = [
      { name: 'a', contiguity: 'begin', condition: "name == 'a'" },
      {
        ...{ name: 'b', contiguity: 'relaxed', condition: "name == 'b'" },
        quantifier: { times: [1, null] },
      },
      { name: 'c', contiguity: 'relaxed', condition: "name == 'c'" },
    ];
    const program = build({ stages, skip: { type: 'noSkip' } });
    const state = openPatternState<VectorEvent>('');
    for (const each of eventsOf(`a${'b'.repeat(99)}`))
      processEvent(program, state, each, each.timestamp);
    expect(state.eventsInUse).toBe(100);
    expect(state.nodesInUse).toBe(100);
    const [last] = eventsOf('c', 200);
    const result = processEvent(program, state, last!, 200 as EventTime);
    expect(result.matches).toHaveLength(99);
    expect(countUnderWay(state)).toBe(1);
  });

  it('completes a final absence only for those whose own timer came', () => {
    const stages: PatternStage[] = [
      { name: 'a', contiguity: 'begin', condition: "name == 'a'", within: 5 as Duration },
      { name: 'b', contiguity: 'notFollowedBy', condition: "name == 'b'", within: 5 as Duration },
    ];
    const program = build({ stages, skip: { type: 'noSkip' } });
    const state = openPatternState<VectorEvent>('');
    for (const event of eventsOf('aa'))
      processEvent(program, state, event, event.timestamp as EventTime);
    const [first] = state.partials.filter(hasBegun);
    const result = advanceTime(program, state, 100 as EventTime, new Set([first!.id]));
    expect(result.matches.map((match) => match[0]?.event.seq)).toEqual([0]);
    expect(countUnderWay(state)).toBe(1);
  });
});
