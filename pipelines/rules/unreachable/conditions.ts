/** Comparisons in the conditions of rules that are never true, since nothing has the name that they ask for. */

import type { ASTNode } from '@marcbachmann/cel-js';
import {
  namesUsed,
  type RequiredValues,
  requiredValues,
} from '../../../operators/correlate/condition-tree.ts';
import { MACHINE_FIELDS } from '../../../operators/correlate/event-fields.ts';
import { SEVERITIES } from '../../../operators/model/detector-rule.ts';
import {
  createExpressionEnvironment,
  parseExpression,
} from '../../../operators/model/expression.ts';
import { isNode } from '../../../operators/model/expression-cost.ts';
import { fits } from '../../../operators/model/key.ts';
import { PACKML_STATES } from '../../../operators/model/machine-event.ts';
import { FEATURE_PREFIX } from '../../../operators/model/observation.ts';
import type { PatternStageRule } from '../../../operators/model/pattern-rule.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { SCHEDULE_KINDS } from '../../../operators/model/schedule.ts';
import type { FileIssue } from '../../base/zod-expectations.ts';
import { hint, isFeature, isSignalOf, type KnownAssets, type Vocabulary } from './rule-names.ts';

type Path = FileIssue['path'];

/** What the standards and the wire format fix: the same for every plant. */
const FIXED: Vocabulary = {
  kind: {
    expected: 'a kind of event',
    known: ['anomaly', 'event', 'schedule', 'window', 'features'],
  },
  state: { expected: 'a PackML state', known: [...PACKML_STATES, ''] },
  criticality: { expected: 'A, B or C', known: ['A', 'B', 'C', ''] },
  planned: {
    expected: 'what a schedule plans',
    known: ['changeover', 'planned-stop', 'maintenance', 'startup', ''],
  },
  phase: { expected: 'the phase of an anomaly', known: ['raised', 'updated', 'cleared'] },
  severity: { expected: 'a severity', known: SEVERITIES },
  entry_kind: { expected: 'the kind of a schedule entry', known: [...SCHEDULE_KINDS, ''] },
};

const EVENTS_OF_SCHEDULE = {
  expected: 'what happens to a schedule entry',
  known: ['begun', 'ended', 'added', 'changed', 'cancelled'],
};

const STATISTICS = [
  ...['count', 'first', 'last', 'min', 'max', 'sum', 'mean', 'deviation', 'rms'],
  ...['peak_to_peak', 'crest', 'slope'],
];

/** The fields that events of a kind have beside those that all have. Machine events have whatever their data says. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  anomaly: [
    ...['signal', 'point', 'component', 'phase', 'severity', 'failure_mode', 'rule', 'detector'],
    ...['score', 'value', 'limit', 'unit', 'level'],
  ],
  window: ['signal', 'rule', 'value', 'start', 'end', ...STATISTICS],
  features: ['point', 'component', 'rpm'],
  schedule: ['type', 'entry', 'entry_kind', 'start', 'end'],
  event: ['type'],
};
const OF_ALL = ['kind', 'time', 'plant', 'line', 'asset', 'data', ...MACHINE_FIELDS];

const environment = createExpressionEnvironment({ texts: [], numbers: [], open: true });

/** What the names in conditions are looked up in. */
export type Known = {
  readonly rules: Rules;
  readonly assets: KnownAssets;
  readonly vocabulary: Vocabulary;
};

/** The comparisons in the `while` of a detector that nothing meets. */
export function unreachableWhile(text: string, path: Path, known: Known): readonly FileIssue[] {
  const tree = treeOf(text);
  if (tree === undefined) return [];
  const { vocabulary } = known;
  const fields: Vocabulary = { ...FIXED, ...vocabulary, kind: undefined, severity: undefined };
  return comparisonIssues(tree, fields, path);
}

/** The same for every condition of every pattern, and fields that no event which it reads has. */
export function unreachablePatterns(known: Known): readonly FileIssue[] {
  const inStages = (stages: readonly PatternStageRule[], at: Path): FileIssue[] =>
    stages.flatMap((stage, index) => {
      const path = [...at, index];
      return [
        ...ofCondition(stage.where, [...path, 'where'], known),
        ...ofCondition(stage.until, [...path, 'until'], known),
        ...inStages(stage.stages ?? [], [...path, 'stages']),
      ];
    });
  return known.rules.patterns.flatMap(({ pattern }, index) =>
    inStages(pattern, ['patterns', index, 'pattern']),
  );
}

function ofCondition(text: string | undefined, path: Path, known: Known): readonly FileIssue[] {
  const tree = text === undefined ? undefined : treeOf(text);
  if (tree === undefined) return [];
  const kinds = requiredValues(tree, 'kind');
  const isOnly = (kind: string) => kinds?.size === 1 && kinds.has(kind);
  // Of a condition on machine events alone, most names are fields of their data.
  const own = isOnly('event') ? undefined : known.vocabulary;
  const { class: kind, plant, line, asset, shift } = known.vocabulary;
  const fields: Vocabulary = {
    ...(isOnly('event') ? { kind: FIXED.kind, state: FIXED.state, planned: FIXED.planned } : FIXED),
    ...(own ?? { class: kind, plant, line, asset, shift }),
    ...(isOnly('schedule') ? { type: EVENTS_OF_SCHEDULE } : {}),
  };
  return [
    ...comparisonIssues(tree, fields, path),
    ...(isOnly('event') ? [] : signalIssues(tree, kinds, path, known)),
    ...fieldIssues(tree, kinds, path, known),
  ];
}

function treeOf(text: string): ASTNode | undefined {
  const expression = parseExpression(environment, text);
  return 'problem' in expression ? undefined : expression.ast;
}

function comparisonIssues(tree: ASTNode, fields: Vocabulary, path: Path): readonly FileIssue[] {
  return comparisonsIn(tree).flatMap(({ field, text }) => {
    const values = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (values === undefined || values.known.includes(text)) return [];
    return [neverTrue(path, field, values.expected, text, values.known)];
  });
}

function neverTrue(
  path: Path,
  field: string,
  expected: string,
  found: string,
  known: readonly string[],
): FileIssue {
  const near = hint(found, known);
  const names = known.filter((name) => name !== '');
  const all = names.length === 0 ? 'there is none' : `there are: ${names.slice(0, 12).join(', ')}`;
  const message = `${field} is compared with "${found}", which is never true: expected ${expected} (${all})${near}`;
  return { path, message };
}

/** Signals are told of by name: of windows those that are declared, of anomalies those that a detector reports. */
function signalIssues(
  tree: ASTNode,
  kinds: RequiredValues,
  path: Path,
  { rules, assets }: Known,
): readonly FileIssue[] {
  if (assets === undefined) return [];
  const declared = [...new Set(assets.flatMap(([, asset]) => Object.keys(asset.signals)))];
  const reported = rules.detectors.flatMap((rule) => (rule.signal === '' ? [] : [rule.signal]));
  const anomalies = kinds?.size === 1 && kinds.has('anomaly');
  return comparisonsIn(tree).flatMap(({ field, text }) => {
    if (field !== 'signal' || text === '' || text === 'alarms') return [];
    const events = rules.detectors.some(({ kind, signal }) => kind === 'event' && signal === '');
    if (events || reported.includes(text)) return [];
    const isKnown = assets.some(([, asset]) => isSignalOf(asset, text));
    if (!isKnown) {
      const expected = 'a signal that the plant model declares';
      return [neverTrue(path, field, expected, text, declared)];
    }
    if (!anomalies || reported.some((signal) => fits(signal, text))) return [];
    return [neverTrue(path, field, 'a signal that a detector is about', text, reported)];
  });
}

/** Fields that none of the events has which a condition reads. */
function fieldIssues(
  tree: ASTNode,
  kinds: RequiredValues,
  path: Path,
  { rules, assets }: Known,
): readonly FileIssue[] {
  const quantiles = rules.windows.flatMap((window) => window.quantiles.map(quantileField));
  const hasPoints = assets === undefined || assets.some(([, asset]) => asset.points.length > 0);
  return [...namesUsed(tree).offsets.keys()].flatMap((name): FileIssue[] => {
    if (kinds?.size === 1 && kinds.has('event')) return [];
    if (OF_ALL.includes(name)) return [];
    if (/^p\d/.test(name)) {
      if (quantiles.includes(name)) return [];
      const message = `no event has the field ${name}: expected a window rule with this quantile (they keep: ${quantiles.join(', ') || 'none'})`;
      return [{ path, message }];
    }
    if (name.startsWith(FEATURE_PREFIX)) {
      if (isFeature(name) && hasPoints) return [];
      const why = isFeature(name)
        ? 'expected an asset with points, whose waveforms have it'
        : 'expected a feature of waveforms';
      return [{ path, message: `no event has the field ${name}: ${why}` }];
    }
    const having = Object.entries(FIELDS).filter(([, fields]) => fields.includes(name));
    if (kinds === undefined || having.length === 0) return [];
    if (having.some(([kind]) => kinds.has(kind))) return [];
    const all = having.map(([kind]) => `"${kind}"`).join(', ');
    const read = [...kinds].map((kind) => `"${kind}"`).join(', ');
    const message = `no event that is read here has the field ${name}: expected kind ${all}, found kind ${read}`;
    return [{ path, message }];
  });
}

/** `p99_9` for 0.999 */
export function quantileField(quantile: number): string {
  return `p${String(Number((quantile * 100).toPrecision(12))).replace('.', '_')}`;
}

type Comparison = { readonly field: string; readonly text: string };

/** `field == 'text'` and `field in ['text', …]`, wherever they stand; `asset.field` counts as the field. */
function comparisonsIn(root: ASTNode): readonly Comparison[] {
  const found: Comparison[] = [];
  const add = (of: ASTNode, ...values: readonly ASTNode[]) => {
    const field = fieldOf(of);
    if (field === undefined) return;
    for (const { op, args } of values) {
      if (op === 'value' && typeof args === 'string') found.push({ field, text: args });
    }
  };
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) visit(item);
    if (!isNode(part)) return;
    if (part.op === '==') {
      const [left, right] = part.args;
      add(left, right);
      add(right, left);
    } else if (part.op === 'in') {
      const [left, right] = part.args;
      if (right.op === 'list') add(left, ...right.args);
    }
    visit(part.args);
  };
  visit(root);
  return found;
}

function fieldOf(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return undefined;
  const [of, field] = node.args;
  return of.op === 'id' && of.args === 'asset' ? field : undefined;
}
