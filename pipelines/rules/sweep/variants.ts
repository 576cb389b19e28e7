import { detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { type Duration, formatDuration } from '../../../operators/model/time.ts';
import { wrongInput } from '../../base/problem.ts';
import { type Overlay, overlaid } from '../../base/yaml-file.ts';
import { expectationsOf } from '../../base/zod-expectations.ts';
import { RULES_CHECKS, type RulesEntry, readRulesFile } from '../rules.ts';

import { MOST_VALUES, type SweptValue, sweptValues } from './swept-values.ts';

/** The rules with one choice of values, checked like any. */
export type Variant = {
  /** One for each swept field; null where the file does not say and nothing is the default. */
  readonly values: readonly (SweptValue | null)[];
  readonly rules: Rules;
  /** These are the values that stand in the file. */
  readonly inFile: boolean;
};

export type Swept = {
  /** `detector.field`, as it was asked for. */
  readonly fields: readonly string[];
  /** Ids of the detectors whose fields they are. */
  readonly detectors: readonly string[];
  /** The rules as they stand in the file. */
  readonly entry: RulesEntry;
  readonly variants: readonly Variant[];
};

/** Stands for every detector that has the field, unless one is called so. */
const ANY = 'detector';

type Sweep = {
  readonly name: string;
  readonly field: readonly string[];
  readonly values: readonly SweptValue[];
  /** Places in the list of detectors. */
  readonly targets: readonly number[];
};

/**
 * Rules for each combination of the values of `ID.FIELD=VALUES`, in their order; those of the file are the first unless
 * they are among them. Rejects with a `Problem`: what cannot be read, is no field, or no value for it.
 */
export async function variantsOf(path: string, options: readonly string[]): Promise<Swept> {
  const entry = await readRulesFile(path);
  const sweeps = options.map((option) => sweepOf(option, entry));
  const fields = sweeps.map(({ name }) => name);
  const twice = fields.find((field, at) => fields.indexOf(field) !== at);
  if (twice !== undefined) throw wrongInput('--sweep', 'each field once', twice);
  const count = sweeps.reduce((product, { values }) => product * values.length, 1);
  if (count > MOST_VALUES) {
    const remedy = 'Widen a step, or sweep one field after the other.';
    throw wrongInput('--sweep', `at most ${MOST_VALUES} combinations`, `${count}`, remedy);
  }
  const asItStands = JSON.stringify(entry.rules);
  const variants: Variant[] = [];
  for (const values of combinations(sweeps)) {
    const overlays = sweeps.flatMap((sweep, at) => overlaysOf(sweep, values[at] ?? ''));
    const { rules } = await readRulesFile(path, RULES_CHECKS, overlays);
    variants.push({ values, rules, inFile: JSON.stringify(rules) === asItStands });
  }
  if (!variants.some(({ inFile }) => inFile)) {
    const values = sweeps.map((sweep) => valueInFile(sweep, entry));
    variants.unshift({ values, rules: entry.rules, inFile: true });
  }
  const swept = new Set(sweeps.flatMap(({ targets }) => targets));
  const detectors = entry.rules.detectors.map(({ id }) => id).filter((_, at) => swept.has(at));
  return { fields, detectors, entry, variants };
}

function sweepOf(option: string, entry: RulesEntry): Sweep {
  const [, id = '', dotted = '', text] = /^([\w-]+)\.([\w.-]+)=(.*)$/.exec(option) ?? [];
  if (text === undefined) {
    throw wrongInput('--sweep', 'ID.FIELD=VALUES such as bearing.limit=4..10', option);
  }
  const name = `${id}.${dotted}`;
  const values = sweptValues(text, `--sweep ${name}`);
  const field = dotted.split('.');
  const own = entry.rules.detectors.findIndex((rule) => rule.id === id);
  const all = entry.rules.detectors.map((_, at) => at);
  if (own < 0 && id !== ANY) {
    const ids = entry.rules.detectors.map((rule) => rule.id).join(', ');
    throw wrongInput('--sweep', `a detector of the rules (${ids}), or "${ANY}" for all`, id);
  }
  const targets = (own < 0 ? all : [own]).filter((at) =>
    hasField(detectorAt(entry.raw, at), field, values[0]),
  );
  if (targets.length === 0) throw unknownField(own < 0 ? all : [own], dotted, entry);
  return { name, field, values, targets };
}

/** Whether a detector may say such a field: what it says there may still be wrong. */
function hasField(raw: unknown, field: readonly string[], value: unknown): boolean {
  const laid = overlaid(raw, [{ name: '', path: field, value, text: '' }]);
  if (valueAt(laid, field) !== value) return false;
  const { error } = detectorRuleSchema.safeParse(laid);
  const dotted = field.join('.');
  return !expectationsOf(error).some((one) => {
    const at = one.path.join('.');
    return (one.atKey === true && at === dotted) || dotted.startsWith(`${at}.`);
  });
}

function unknownField(targets: readonly number[], dotted: string, { rules }: RulesEntry) {
  const known = targets.flatMap((at) => numbersIn(rules.detectors[at]));
  const expected = `a field that can be a number or a duration, such as ${[...new Set(known)].join(', ')}`;
  return wrongInput('--sweep', expected, dotted, 'docs/rules.md has them all.');
}

/** The fields that have a number, dotted. Durations are numbers by now. */
function numbersIn(value: unknown, above = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'number' ? [`${above}${name}`] : numbersIn(inner, `${above}${name}.`),
  );
}

function overlaysOf(sweep: Sweep, value: SweptValue): readonly Overlay[] {
  return sweep.targets.map((at) => ({
    name: `--sweep ${sweep.name}`,
    path: ['detectors', at, ...sweep.field],
    value,
    text: String(value),
  }));
}

function combinations(sweeps: readonly Sweep[]): readonly (readonly SweptValue[])[] {
  return sweeps.reduce<readonly (readonly SweptValue[])[]>(
    (made, { values }) => made.flatMap((head) => values.map((value) => [...head, value])),
    [[]],
  );
}

/** As the file has it; else the default, written like the swept values. Several detectors may not agree: null. */
function valueInFile({ targets, field, values }: Sweep, entry: RulesEntry): SweptValue | null {
  const found = targets.map((at) => {
    const raw = valueAt(detectorAt(entry.raw, at), field);
    if (typeof raw === 'number' || typeof raw === 'string') return raw;
    const meant = valueAt(entry.rules.detectors[at], field);
    if (typeof meant !== 'number') return null;
    return typeof values[0] === 'number' ? meant : formatDuration(meant as Duration);
  });
  const [first = null, ...others] = found;
  return others.every((other) => other === first) ? first : null;
}

function detectorAt(raw: unknown, at: number): unknown {
  return valueAt(raw, ['detectors', String(at)]);
}

function valueAt(inside: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, step) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  }, inside);
}
