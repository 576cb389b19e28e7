import type { Row } from '../../../operators/flow/flow.ts';
import type { RulesExample } from '../../../operators/model/rules-example.ts';
import { plant } from '../../plant.ts';
import { createEngine } from '../../worker/epochs/engine.ts';
import { NO_STATES } from '../../worker/epochs/snapshots.ts';
import { type Comparison, compared } from './comparison.ts';
import type { Outcome } from './held-against.ts';
import { logOf } from './log-of.ts';

const MOST_REASONS = 5;

type Told = Partial<Record<(typeof FIELDS)[number], string | undefined>>;

type Found = {
  readonly anomalies: string[];
  readonly incidents: string[];
  /** By id: each as its last revision has it. */
  readonly requests: Map<string, Told>;
  /** What left the main way: how much of each kind. */
  readonly deadLetters: Map<string, number>;
};

/** Plays an example of the rules through the whole pipeline, and holds what it decided against what was expected. */
export function rulesHeldAgainst(rules: unknown, example: RulesExample): Outcome {
  const { anomalies, incidents, requests } = example.expect;
  const found = decide(rules, example);
  const parts = [
    named(anomalies, found.anomalies, 'anomaly'),
    named(incidents, found.incidents, 'incident'),
    compared(requests, [...found.requests.values()], fits, requestText),
  ];
  const all = (which: keyof Comparison) => parts.flatMap((part) => part[which]);
  const [missing, surplus] = [all('missing'), all('surplus')];
  return {
    ...{ pattern: 'rules', example: example.name },
    passed: missing.length === 0 && surplus.length === 0,
    ...{ expected: all('expected'), found: all('found'), missing, surplus },
    why: [...found.deadLetters]
      .slice(0, MOST_REASONS)
      .map(([what, count]) => `${count} dead letters: ${what}`),
  };
}

function named(expected: readonly string[] | undefined, found: readonly string[], what: string) {
  return compared(
    expected,
    found,
    (one, other) => one === other,
    (id) => `${what} ${id}`,
  );
}

function decide(rules: unknown, example: RulesExample): Found {
  const found: Found = {
    anomalies: [],
    incidents: [],
    requests: new Map(),
    deadLetters: new Map(),
  };
  const engine = createEngine(plant, NO_STATES, { row: (row) => take(row, found) });
  for (const message of logOf(example, rules)) engine.push(message);
  return found;
}

function take(row: Row, { anomalies, incidents, requests, deadLetters }: Found): void {
  if (row.table === 'anomalies' && row.row.phase === 'raised') anomalies.push(row.row.rule);
  if (row.table === 'incidents') incidents.push(row.row.rule);
  if (row.table === 'dead_letters') {
    const what = `${row.row.reason}, ${row.row.detail}`;
    deadLetters.set(what, (deadLetters.get(what) ?? 0) + row.row.count);
  }
  if (row.table !== 'requests') return;
  const { id, asset, action, priority, component, failure_mode } = row.row;
  requests.set(id, { asset, action, priority, component, failure_mode });
}

function fits(found: Told, expected: Told): boolean {
  return FIELDS.every((name) => expected[name] === undefined || expected[name] === found[name]);
}

const FIELDS = ['asset', 'action', 'priority', 'component', 'failure_mode'] as const;

function requestText(request: Told): string {
  const said = FIELDS.flatMap((name) => {
    const text = request[name];
    return text === undefined || text === '' ? [] : [`${name} ${text}`];
  });
  return `request ${said.join(', ')}`;
}
