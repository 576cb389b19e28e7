import { describe, expect, test } from 'vitest';
import { checkDetectors } from '../../../operators/detect/check-detectors.ts';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import { detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import type { BaselineRow } from '../../../operators/model/tables.ts';
import { runThrough } from '../../support/flows.ts';
import {
  changeOf,
  enriched,
  model,
  PRESS,
  phasesOf,
  rulesChange,
  rulesOf,
  seconds,
  windowEvent,
} from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const hot = { id: 'hot', kind: 'limit', signal: 'temperature', above: 80 };

function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]);
}

/** A window of ten seconds of the speed; all its values are the same unless given. */
function speed(end: number, value: number, to = value): Item {
  return windowEvent(end, value, {}, { signal: 'speed', min: value, max: to, last: to });
}

describe('steady', () => {
  const rule = { ...hot, when: { steady: '30s' } };

  test('the state must have been on for so long before the window begins', () => {
    const since = { since: seconds(100) };
    expect(phasesOf(run(rule, windowEvent(139, 99, since)))).toEqual([]);
    expect(phasesOf(run(rule, windowEvent(140, 99, since)))).toEqual(['raised 140 warning']);
  });
});

describe('whole', () => {
  const rule = { ...hot, when: { whole: true } };
  /** A minute that ends at `end`; they come every ten seconds, the first with what ten seconds brought. */
  const minute = (end: number, value: number) =>
    windowEvent(end, value, {}, { start: seconds(end - 60) });
  const minutes = [70, 80, 90, 100, 110, 120].map((end) => minute(end, 99));

  test('a window that reaches back beyond the first one that came is not evaluated', () => {
    expect(phasesOf(run(rule, ...minutes))).toEqual([]);
    expect(phasesOf(run(rule, ...minutes, minute(130, 99)))).toEqual(['raised 130 warning']);
    expect(phasesOf(run(hot, ...minutes))).toEqual(['raised 70 warning']);
  });

  test('of windows that follow each other it is the first', () => {
    const phases = phasesOf(run(rule, windowEvent(10, 99), windowEvent(20, 99)));
    expect(phases).toEqual(['raised 20 warning']);
  });

  test('what a range has learnt knows none of them', () => {
    const range = {
      id: 'r',
      kind: 'range',
      signal: 'temperature',
      learn: 20,
      ...{ when: rule.when },
    };
    const usual = Array.from({ length: 40 }, (_, index) => minute(140 + 10 * index, 50));
    const out = run(range, minute(70, 5), ...usual, minute(600, 40));
    expect(phasesOf(out)).toEqual(['raised 600 warning']);
  });
});

describe('settle', () => {
  const rule = { ...hot, when: { settle: '5m' } };

  const scheduled = (at: number, type: 'begun' | 'ended', kind: 'order' | 'changeover'): Item => {
    const entry = { id: 'e', kind, start: seconds(0), end: seconds(at) };
    return enriched(
      { kind: 'schedule', asset: PRESS, time: seconds(at), type, entry },
      seconds(at),
    );
  };

  test.for(['startup', 'changeover', 'planned-stop', 'maintenance'])(
    'not during %s, nor within 5 min of it',
    (planned) => {
      const last = windowEvent(1_000, 99, { planned });
      expect(phasesOf(run(rule, last))).toEqual([]);
      expect(phasesOf(run(rule, last, windowEvent(1_309, 99)))).toEqual([]);
      expect(phasesOf(run(rule, last, windowEvent(1_310, 99)))).toEqual(['raised 1310 warning']);
    },
  );

  test('its end in the schedule counts, though nothing was measured in it', () => {
    const end = scheduled(1_000, 'ended', 'changeover');
    expect(phasesOf(run(rule, end, windowEvent(1_309, 99)))).toEqual([]);
    expect(phasesOf(run(rule, end, windowEvent(1_310, 99)))).toEqual(['raised 1310 warning']);
  });

  test('the end of a start-up counts as well, the end of a production order does not', () => {
    expect(phasesOf(run(rule, windowEvent(1_309, 99, { started: seconds(1_000) })))).toEqual([]);
    expect(phasesOf(run(rule, scheduled(1_000, 'ended', 'order'), windowEvent(1_010, 99)))).toEqual(
      ['raised 1010 warning'],
    );
  });
});

describe('within a band of another signal', () => {
  const rule = { ...hot, when: { within: { speed: [1_400, 1_500] } } };

  test.for([
    ['inside', [speed(10, 1_450)], ['raised 20 warning']],
    ['at its lower end', [speed(10, 1_400)], ['raised 20 warning']],
    ['at its upper end', [speed(10, 1_500)], []],
    ['outside', [speed(10, 900)], []],
    ['crossing it', [speed(10, 1_390, 1_450)], []],
    ['without a value yet', [], []],
  ] as [string, Item[], string[]][])('%s', ([, items, phases]) => {
    expect(phasesOf(run(rule, ...items, windowEvent(20, 99)))).toEqual(phases);
  });

  test('that never had a value is reported once', () => {
    const out = run(rule, windowEvent(10, 99), windowEvent(20, 99));
    const deadLetters = out.flatMap((item) =>
      item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
    );
    expect(deadLetters.map(({ detail }) => detail)).toEqual([
      'hot cannot judge temperature: speed has not been heard yet',
    ]);
  });

  test('steady counts from where the band was entered', () => {
    const both = { ...hot, when: { steady: '20s', within: { speed: [1_400, 1_500] } } };
    const items = [speed(10, 900, 1_450), speed(20, 1_450), speed(30, 1_450), speed(40, 1_450)];
    expect(phasesOf(run(both, ...items, windowEvent(39, 99)))).toEqual([]);
    expect(phasesOf(run(both, ...items, windowEvent(40, 99)))).toEqual(['raised 40 warning']);
  });
});

describe('bands make modes', () => {
  const usual = {
    ...{ id: 'usual', kind: 'baseline', signal: 'temperature', learn: 20, scale: 'linear' },
    ...{ modes: ['state'], bands: { speed: [600, 1_200] } },
  };
  const learning = (from: number, value: number): Item[] => {
    return Array.from({ length: 20 }, (_, index) => windowEvent(from + 10 * index, value));
  };

  test('each speed band has a baseline of its own', () => {
    const items = [speed(5, 500), ...learning(10, 40), speed(300, 900), ...learning(310, 70)];
    const out = run(usual, ...items, windowEvent(600, 70), speed(610, 500), windowEvent(620, 70));
    expect(phasesOf(out)).toEqual(['raised 620 warning']);
    const rows = out.flatMap((item): BaselineRow[] => {
      return item.kind === 'row' && item.table === 'baselines' ? [item.row] : [];
    });
    expect([...new Set(rows.map(({ mode }) => mode))]).toEqual([
      'EXECUTE/speed <600',
      'EXECUTE/speed 600..1200',
    ]);
  });
});

describe('running time', () => {
  const usual = {
    ...{ id: 'usual', kind: 'baseline', signal: 'temperature', learn: 20, scale: 'linear' },
    learn_time: '1h',
  };

  test('is needed beside the samples, and a stop in between does not count', () => {
    // 61 samples a minute apart: one hour between the first and the last; the state is entered anew before the 31st.
    const items = (again: number) => {
      return Array.from({ length: 61 }, (_, index) => {
        return windowEvent(60 * (index + 1), 50, { since: seconds(index < 30 ? 0 : again) });
      });
    };
    const last = (again: number) => {
      const rows = run(usual, ...items(again)).flatMap((item): BaselineRow[] => {
        return item.kind === 'row' && item.table === 'baselines' ? [item.row] : [];
      });
      return rows.at(-1);
    };
    expect(last(0)).toMatchObject({ status: 'ready', samples: 61, hours: 1, needed_hours: 1 });
    expect(last(1_830)).toMatchObject({ status: 'learning' });
  });
});

describe('what cannot be is refused', () => {
  test('a band of a signal that no window is over', () => {
    const rules = rulesOf({ ...hot, when: { within: { speed: [1, 2] } } });
    rules.windows[0]!.signals = ['temperature'];
    expect(checkDetectors(rules)).toEqual([
      {
        path: ['detectors', 0, 'when', 'within', 'speed'],
        message: 'expected a signal that a window is over, or rpm, found "speed"',
      },
    ]);
  });

  test('a silence that is to be noticed "when": it is noticed by time alone', () => {
    const rule = { id: 'a', kind: 'silence', signal: 'a', after: '10s', when: { steady: '1s' } };
    expect(detectorRuleSchema.safeParse(rule).error?.issues[0]?.path).toEqual(['when']);
  });
});
