// Runs the examples that rules carry, and compares what came out with what was expected.

import type { Row } from '../../../operators/flow/flow.ts';
import type { States } from '../../../operators/flow/states.ts';
import { assumedData, assumptionFor } from '../../../operators/model/assumed-reply.ts';
import { canonicalJson } from '../../../operators/model/canonical.ts';
import type { Command } from '../../../operators/model/command.ts';
import type {
  ExpectedCommand,
  ExpectedMatch,
  PatternExample,
  RulesExample,
} from '../../../operators/model/examples.ts';
import type { Incident } from '../../../operators/model/incident.ts';
import { type AssetKey, nameOf } from '../../../operators/model/key.ts';
import { type PatternRule, timeoutRuleOf } from '../../../operators/model/pattern-rule.ts';
import { between, type Duration, formatDuration } from '../../../operators/model/time.ts';
import { ALL_LINES, plant } from '../../plant.ts';
import { createPipelineEngine } from '../../worker/epochs/engine.ts';
import { NO_STATES } from '../../worker/epochs/state-image.ts';
import type { PatternReport } from '../explain/match-report.ts';
import { createMatchTracker } from '../explain/match-tracker.ts';
import { createAssumedLog } from '../replies/assumed-log.ts';
import { withoutShadow } from '../replies/without-shadow.ts';
import type { RulesEntry } from '../rules.ts';
import { EXAMPLE_BEGIN } from './example-events.ts';
import { exampleLog } from './example-log.ts';
import { replayExample } from './replay-example.ts';

/**
 * How an example came out: as expected, if `missing` and `surplus` are empty. Matches are in words; `why` says of those
 * that began and did not come true what ended them.
 */
export type ExampleResult = Comparison & {
  readonly pattern: string;
  readonly example: string;
  readonly passed: boolean;
  readonly why: readonly string[];
};

/** Every example of these patterns, and with `whole` those of the rules as a whole. */
export function exampleRuns(
  { raw, rules }: RulesEntry,
  patterns: readonly PatternRule[],
  whole: boolean,
): readonly (() => ExampleResult)[] {
  const ofPatterns = patterns.flatMap((rule) =>
    rule.examples.map((example) => () => runPatternExample(rule, example)),
  );
  if (!whole) return ofPatterns;
  const ofRules = rules.examples.map((example) => () => runRulesExample(raw, example));
  return [...ofPatterns, ...ofRules];
}

/** Runs an example of a pattern and compares what came out with what was expected, in any order. */
export function runPatternExample(rule: PatternRule, example: PatternExample): ExampleResult {
  const matches = createMatchTracker([rule.id]);
  const incidents = replayExample(rule, example, matches.watch);
  const found = incidents.map((incident) => matchOf(rule, incident));
  const comparison = compare(example.expect, found, matchFits, matchText);
  return {
    pattern: rule.id,
    example: example.name,
    passed: comparison.missing.length === 0 && comparison.surplus.length === 0,
    ...comparison,
    why: matches.report().flatMap(reasonsOf),
  };
}

function reasonsOf({ began, open, endings }: PatternReport): readonly string[] {
  if (began === 0) return ['no event met the first stage'];
  const ended = endings.map(({ after, at, why, count }) => {
    return `${count} after ${after.join(', ')}, waiting at ${at}: ${why}`;
  });
  return open === 0 ? ended : [...ended, `${open} still under way at the end`];
}

function matchOf({ id }: PatternRule, { rule, evidence, time }: Incident): ExpectedMatch {
  const taken: Record<string, Duration[]> = {};
  for (const { stage, time: at } of evidence) {
    taken[stage] ??= [];
    taken[stage].push(between(EXAMPLE_BEGIN, at));
  }
  const at = between(EXAMPLE_BEGIN, time);
  return rule === timeoutRuleOf(id) && rule !== id ? { taken, timed_out: at } : { taken, at };
}

/** The expectation need not say when a match was complete. */
function matchFits(match: ExpectedMatch, expected: ExpectedMatch): boolean {
  const { at, timed_out } = expected;
  if (at !== undefined && at !== match.at) return false;
  if (timed_out !== match.timed_out) return false;
  return takenText(match.taken) === takenText(expected.taken);
}

function takenText(taken: ExpectedMatch['taken']): string {
  return Object.entries(taken)
    .map(([stage, times]) => `${stage} ${times.map(offsetText).join(' ')}`)
    .sort()
    .join(', ');
}

function matchText({ taken, at, timed_out }: ExpectedMatch): string {
  const parts = Object.entries(taken).map(([stage, times]) => {
    return `${stage} ${times.map(offsetText).join(' ')}`;
  });
  if (at !== undefined) parts.push(`complete at ${offsetText(at)}`);
  if (timed_out !== undefined) parts.push(`timed out at ${offsetText(timed_out)}`);
  return parts.join(', ');
}

function offsetText(offset: Duration): string {
  return `+${formatDuration(offset)}`;
}

const MOST_REASONS = 5;

type RequestFields = Partial<Record<(typeof COMPARED_FIELDS)[number], string | undefined>>;

type Decided = {
  readonly anomalies: string[];
  readonly incidents: string[];
  /** By id: each as its last revision has it. */
  readonly requests: Map<string, RequestFields>;
  readonly commands: Command[];
  /** What left the main way: how much of each kind. */
  readonly deadLetters: Map<string, number>;
};

/** Runs an example of the rules through the whole pipeline, and compares what it decided with what was expected. */
export function runRulesExample(rules: unknown, example: RulesExample): ExampleResult {
  const { anomalies, incidents, requests, commands } = example.expect;
  const found = decide(rules, example);
  const parts = [
    named(anomalies, found.anomalies, 'anomaly'),
    named(incidents, found.incidents, 'incident'),
    compare(requests, [...found.requests.values()], requestFits, requestText),
    compareCommands(commands, found.commands),
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
  return compare(
    expected,
    found,
    (one, other) => one === other,
    (id) => `${what} ${id}`,
  );
}

const onAllLines = (states: States) => plant(states, undefined, ALL_LINES);

function decide(rules: unknown, example: RulesExample): Decided {
  const found: Decided = {
    anomalies: [],
    incidents: [],
    requests: new Map(),
    commands: [],
    deadLetters: new Map(),
  };
  const assumed = createAssumedLog();
  const engine = createPipelineEngine(onAllLines, NO_STATES, {
    row(row, { appended }) {
      count(row, found);
      const command = row.table === 'commands' ? found.commands.at(-1) : undefined;
      if (command === undefined) return;
      const reply = assumptionFor(command, example.replies);
      if (reply === undefined) return;
      const data = assumedData(command, reply);
      assumed.answer(command, appended, { after: reply.after, data });
    },
  });
  const workOf = (asset: AssetKey) => {
    const of = ([, request]: readonly [string, RequestFields]) => request.asset === nameOf(asset);
    const work = found.commands.findLast((command) => command.asset === asset);
    return work?.request ?? [...found.requests].findLast(of)?.[0] ?? '';
  };
  for (const message of exampleLog(example, withoutShadow(rules), workOf)) {
    for (const reply of assumed.before(message)) engine.push(reply);
    engine.push(message);
  }
  return found;
}

function count(row: Row, found: Decided): void {
  const { anomalies, incidents, requests, deadLetters } = found;
  if (row.table === 'commands') found.commands.push(JSON.parse(row.row.command));
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

function requestFits(found: RequestFields, expected: RequestFields): boolean {
  return COMPARED_FIELDS.every(
    (name) => expected[name] === undefined || expected[name] === found[name],
  );
}

const COMPARED_FIELDS = ['asset', 'action', 'priority', 'component', 'failure_mode'] as const;

function requestText(request: RequestFields): string {
  const parts = COMPARED_FIELDS.flatMap((name) => {
    const text = request[name];
    return text === undefined || text === '' ? [] : [`${name} ${text}`];
  });
  return `request ${parts.join(', ')}`;
}

/** Commands are compared in their order: which of two that are alike comes first matters. */
function compareCommands(
  expected: readonly ExpectedCommand[] | undefined,
  found: readonly Command[],
): Comparison {
  const compared = compare<ExpectedCommand | Command, Command>(
    expected,
    found,
    commandFits,
    commandText,
  );
  const isSame = compared.missing.length === 0 && compared.surplus.length === 0;
  if (expected === undefined || !isSame) return compared;
  const at = found.findIndex((one, index) => !commandFits(one, expected[index] ?? one));
  if (at < 0) return compared;
  const text = `${commandText(found[at] as Command)}, as command ${at + 1}`;
  return { ...compared, surplus: [text], found: compared.found.with(at, text) };
}

function commandFits(found: Command, expected: ExpectedCommand | Command): boolean {
  if ('kind' in expected) return found === expected;
  const { do: target, step, asset, n, with: told = {} } = expected;
  if (target !== `${found.system}.${found.verb}`) return false;
  if (step !== undefined && step !== found.step) return false;
  if (n !== undefined && n !== found.n) return false;
  if (asset !== undefined && asset !== nameOf(found.asset)) return false;
  return Object.entries(told).every(([name, value]) => {
    return canonicalJson(found.payload[name] ?? null) === canonicalJson(value);
  });
}

function commandText(one: ExpectedCommand | Command): string {
  const isFound = 'kind' in one;
  const target = isFound ? `${one.system}.${one.verb}` : one.do;
  const told = isFound ? one.payload : (one.with ?? {});
  const step = one.step === undefined ? '' : ` of step ${one.step}`;
  const words = Object.entries(told).map(([name, value]) => `${name} ${canonicalJson(value)}`);
  return `command ${target}${step}${words.length === 0 ? '' : `: ${words.join(', ')}`}`;
}

/** What was expected and what was found, in words; and of both what the other lacks. */
type Comparison = {
  readonly expected: readonly string[];
  readonly found: readonly string[];
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
};

/** Two lists, each found one for at most one that was expected, in any order. What nobody expects is not compared. */
function compare<E, F extends E>(
  expected: readonly E[] | undefined,
  found: readonly F[],
  meets: (found: F, expected: E) => boolean,
  text: (one: E) => string,
): Comparison {
  if (expected === undefined) return { expected: [], found: [], missing: [], surplus: [] };
  const surplus = [...found];
  const missing = expected.filter((one) => {
    const at = surplus.findIndex((other) => meets(other, one));
    if (at >= 0) surplus.splice(at, 1);
    return at < 0;
  });
  return {
    ...{ expected: expected.map(text), found: found.map(text) },
    ...{ missing: missing.map(text), surplus: surplus.map(text) },
  };
}
