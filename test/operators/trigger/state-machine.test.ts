import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../operators/model/incident.ts';
import { EMPTY_KNOWLEDGE } from '../../../operators/model/knowledge.ts';
import type { Request } from '../../../operators/model/request.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { type EpisodeContext, newEpisode, noEpisodes } from '../../../operators/trigger/episode.ts';
import {
  CONDITION_TABLE,
  type EpisodeInput,
  REQUEST_TABLE,
  takeInput,
} from '../../../operators/trigger/state-machine.ts';
import { at, FAN, situation } from '../../support/findings.ts';

const ROWS = [...CONDITION_TABLE, ...REQUEST_TABLE];
const INPUTS = [...new Set(ROWS.map(([input]) => input))];
const TIMERS: readonly string[] = ['clear-after', 'group-wait', 'escalate', 'cooldown'];

describe('the tables of an episode', () => {
  it('have no row that another one hides: after a row without a guard comes none', () => {
    const closed = new Set<string>();
    for (const [input, states, guard] of ROWS) {
      const cells = states.map((state) => `${input} in ${state}`);
      expect(cells.filter((cell) => closed.has(cell))).toEqual([]);
      if (guard === null) for (const cell of cells) closed.add(cell);
    }
  });

  it('take every answer of a CMMS in every state', () => {
    for (const answer of ['accepted', 'completed', 'refused']) {
      const states = REQUEST_TABLE.filter(([input]) => input === answer).flatMap((row) => row[1]);
      expect(states.sort()).toEqual(['accepted', 'done', 'open', 'pending', 'refused']);
    }
  });

  it('agree with the facts, whatever comes in whatever order', () => {
    const story = fc.array(fc.tuple(fc.constantFrom(...INPUTS), fc.nat(300)), { maxLength: 60 });
    const reached = new Set<string>();
    fc.assert(
      fc.property(story, (steps) => {
        const { context, episode, timers, requests } = begin();
        const take = (input: EpisodeInput, seconds: number) => {
          const time = at(seconds);
          takeInput(episode, input, { ...context, time }, { text: input, until: at(600) });
          return !context.state.episodes.includes(episode);
        };
        let now = 10;
        for (const [input, step] of steps) {
          now += step;
          // A timer is due only where it was set; `cleared` follows from one.
          if (TIMERS.includes(input) && !timers.has(`000001 ${input}`)) continue;
          if (input === 'cleared' && episode.condition !== 'clear') continue;
          timers.delete(`000001 ${input}`);
          if (take(input, now)) {
            expect(timers.size).toBe(0);
            return;
          }
          reached.add(episode.request).add(episode.condition);
          const { request, opened, finished, condition, clear_since } = episode;
          expect(opened === null).toBe(request === 'pending');
          if (opened !== null) expect(finished !== null).toBe(/done|refused/.test(request));
          expect(clear_since === null).toBe(condition === 'active');
          if (condition === 'clearing') expect(timers.has('000001 clear-after')).toBe(true);
        }
        expect(requests.filter(({ action }) => action === 'open').length).toBeLessThanOrEqual(
          episode.round,
        );
      }),
      { numRuns: 1_500 },
    );
    expect([...reached].sort()).toEqual(
      [
        'accepted',
        'active',
        'clear',
        'clearing',
        'done',
        'open',
        'pending',
        'refused',
        'unjudged',
      ].sort(),
    );
  });
});

function begin() {
  const timers = new Set<string>();
  const requests: Request[] = [];
  const trigger = { id: 't', on: 'hot', request: {}, cooldown: '10m', rearm: '1m', escalate: '5m' };
  const knowledge = {
    ...EMPTY_KNOWLEDGE,
    rules: { p1: rulesSchema.parse({ triggers: [trigger] }) },
  };
  const context: EpisodeContext = {
    state: noEpisodes(),
    knowledge,
    time: at(10),
    happened: at(10),
    out: {
      ...{ key: FAN, now: at(10), pass: () => {}, land: () => {}, deadLetter: () => {} },
      ...{ close: () => {}, emit: (request: Request) => requests.push(request) },
      setTimer: (_: unknown, name = '') => timers.add(name),
      cancelTimer: (name = '') => timers.delete(name),
      timerAt: () => undefined,
    },
  };
  const incident: Incident = {
    ...{ kind: 'incident', id: 'i', rule: 'hot', key: FAN, asset: FAN, component: '' },
    ...{ failure_mode: '', severity: 'warning', start: at(10), end: at(10), time: at(10) },
    ...{ anomalies: [], signals: [], evidence: [], situation: situation() },
  };
  const [lead] = knowledge.rules.p1.triggers;
  if (lead === undefined) throw new Error('no trigger');
  const episode = newEpisode(1, incident, lead, context);
  context.state.episodes.push(episode);
  return { context, episode, timers, requests };
}
