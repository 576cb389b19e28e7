/**
 * Rules that can never speak: they are about a signal, class, state, kind of event or severity that nothing in the
 * plant models has and no rule makes. They run, and nobody would notice that they are silent; so `apply` warns of them.
 */

import { firstWindowOf, isAboutAsset } from '../../../operators/detect/compile.ts';
import { SHAFT_SPEED } from '../../../operators/detect/gate.ts';
import { isStatistic } from '../../../operators/detect/sample.ts';
import {
  DETECTOR_LEVELS,
  type DetectorRule,
  type EventRule,
  type SampleRule,
} from '../../../operators/model/detector-rule.ts';
import { fits } from '../../../operators/model/key.ts';
import { PACKML_STATES } from '../../../operators/model/machine-event.ts';
import { FEATURE_PREFIX } from '../../../operators/model/observation.ts';
import type { PlantModel } from '../../../operators/model/plant-model.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { type Duration, formatDuration } from '../../../operators/model/time.ts';
import type { FileIssue } from '../../base/zod-expectations.ts';
import { type Known, quantileField, unreachablePatterns, unreachableWhile } from './conditions.ts';
import { assetsOfPlants, hint, isFeature, isSignalOf, vocabularyOf } from './rule-names.ts';

type Path = FileIssue['path'];

/** What `apply` warns of. `models`: the plants that the rules are for; without them only what the rules say is looked at. */
export function findUnreachable(
  rules: Rules,
  models?: readonly PlantModel[],
): readonly FileIssue[] {
  const assets = models === undefined ? undefined : assetsOfPlants(models);
  const known: Known = { rules, assets, vocabulary: vocabularyOf(rules, models) };
  return [
    ...rules.windows.flatMap(({ signals }, at) =>
      signalsWithout(signals, ['windows', at, 'signals'], known),
    ),
    ...rules.detectors.flatMap((rule, at) => ofDetector(rule, ['detectors', at], known)),
    ...unreachablePatterns(known),
    ...rules.suppress.flatMap(({ signals }, at) =>
      signalsWithout(signals, ['suppress', at, 'signals'], known),
    ),
    ...rules.alarms.suppress.flatMap(({ signals }, at) =>
      signalsWithout(signals, ['alarms', 'suppress', at, 'signals'], known),
    ),
    ...(models ?? []).flatMap((plant) => [
      ...lagIssues(rules, plant),
      ...shiftIssues(rules, plant),
    ]),
  ];
}

/**
 * A source's time is its latest event less its disorder. Where that makes it lag by more than `hold` behind another of
 * its line, it is out of step for ever, and no pattern sees its machine.
 */
function lagIssues({ time }: Rules, { id: plant, lines }: PlantModel): readonly FileIssue[] {
  return lines.flatMap(({ id: line, assets }) => {
    const disorders = assets.map(({ disorder = time.disorder }) => disorder);
    return assets.flatMap(({ id, disorder = time.disorder, hold = time.hold }) => {
      const lag = (disorder - Math.min(...disorders)) as Duration;
      if (lag <= hold) return [];
      const lags = `${plant}/${line}/${id} has a disorder of ${formatDuration(disorder)}, and so lags by ${formatDuration(lag)} behind others of its line`;
      const message = `${lags}: expected a hold of at least that much (here or at the asset), found ${formatDuration(hold)}; no pattern would ever see it`;
      return [{ path: ['time', 'hold'], message }];
    });
  });
}

/** Windows by shift of a plant that has none: no reading is ever in one. */
function shiftIssues({ windows }: Rules, { id, shifts }: PlantModel): readonly FileIssue[] {
  if (shifts.length > 0) return [];
  return windows.flatMap((rule, at) => {
    if (rule.kind !== 'calendar' || rule.size !== 'shift') return [];
    const message = `expected shifts in the plant model of ${id}, found none: no reading of it is in a window of this rule (shifts: [{ id: early, start: "06:00", end: "14:00" }] there, or size: day)`;
    return [{ path: ['windows', at, 'size'], message }];
  });
}

/** Patterns of signals that no signal of any asset fits. */
function signalsWithout(
  signals: readonly string[],
  path: Path,
  { rules, assets }: Known,
): readonly FileIssue[] {
  if (assets === undefined || assets.length === 0) return [];
  const reported = rules.detectors.map(({ signal }) => signal);
  return signals.flatMap((signal, at) => {
    if (reported.includes(signal)) return [];
    if (assets.some(([, asset]) => isSignalOf(asset, signal))) return [];
    return [{ path: [...path, at], message: noSuchSignal(signal, assets) }];
  });
}

function noSuchSignal(signal: string, assets: NonNullable<Known['assets']>): string {
  if (signal.startsWith(FEATURE_PREFIX) && !isFeature(signal)) {
    return `expected a feature of waveforms, found "${signal}": nothing has a value of that name`;
  }
  if (isFeature(signal)) {
    return `expected an asset with points, whose waveforms have "${signal}"; none that this is about has one`;
  }
  const declared = [...new Set(assets.flatMap(([, asset]) => Object.keys(asset.signals)))];
  return `expected a signal that the plant model declares, found "${signal}": nothing has a value of that name${hint(signal, declared)}`;
}

function ofDetector(rule: DetectorRule, path: Path, known: Known): readonly FileIssue[] {
  const condition = rule.while;
  return [
    ...assetIssues(rule, path, known),
    ...(rule.kind === 'event' ? stateIssues(rule, path) : sampleIssues(rule, path, known)),
    ...severityIssues(rule, path),
    ...(condition === undefined ? [] : unreachableWhile(condition, [...path, 'while'], known)),
  ];
}

/** Classes and assets that no plant has. */
function assetIssues(
  rule: DetectorRule,
  path: Path,
  { assets, vocabulary }: Known,
): readonly FileIssue[] {
  if (assets === undefined) return [];
  const classes = vocabulary.class?.known ?? [];
  const unknown = (rule.classes ?? []).flatMap((name, at) => {
    if (classes.includes(name)) return [];
    const message = `expected a class that an asset of the plant model has (there are: ${classes.join(', ')}), found "${name}"${hint(name, classes)}`;
    return [{ path: [...path, 'classes', at], message }];
  });
  const keys = assets.map(([key]) => key);
  const absent = (rule.assets ?? []).flatMap((pattern, at) => {
    if (keys.some((key) => fits(pattern, key))) return [];
    const message = `expected an asset of the plant model as plant/line/asset, found "${pattern}"${hint(pattern, keys)}`;
    return [{ path: [...path, 'assets', at], message }];
  });
  const found = [...unknown, ...absent];
  if (found.length > 0 || assets.some(([key, asset]) => isAboutAsset(rule, key, asset))) {
    return found;
  }
  const message = 'expected an asset that has one of these classes and is one of these assets';
  return assets.length === 0 ? [] : [{ path, message: `${message}; there is none` }];
}

/** Signals that the assets of a rule do not have, that no window is over, and statistics that no window keeps. */
function sampleIssues(rule: SampleRule, path: Path, known: Known): readonly FileIssue[] {
  const { rules, assets } = known;
  const own = assets?.filter(([key, asset]) => isAboutAsset(rule, key, asset)) ?? [];
  const named: readonly (readonly [Path, string])[] =
    rule.kind === 'multivariate'
      ? rule.signals.map((signal, at) => [[...path, 'signals', at], signal] as const)
      : [[[...path, 'signal'], rule.signal]];
  const gates = [
    ...Object.keys(rule.when?.within ?? {}).map((name) => ['when', 'within', name]),
    ...('bands' in rule ? Object.keys(rule.bands ?? {}).map((name) => ['bands', name]) : []),
  ].map((steps) => [[...path, ...steps], steps.at(-1) ?? ''] as const);
  const absent = [...named, ...gates].flatMap(([at, signal]) => {
    if (own.length === 0 || signal === SHAFT_SPEED) return [];
    if (own.some(([, asset]) => isSignalOf(asset, signal))) return [];
    return [{ path: at, message: noSuchSignal(signal, own) }];
  });
  if (absent.length > 0) return absent;
  const zones = rule.kind === 'iso20816' || rule.kind === 'iso20816-change';
  if (zones && own.length > 0 && own.every(([, { iso }]) => iso === undefined)) {
    const message = 'expected an asset with iso (group and support): zones cannot be told without';
    return [{ path: [...path, 'kind'], message }];
  }
  return named.flatMap(([at, signal]) => windowIssues(rule, signal, [at, path], rules));
}

/** A signal that is cut into no window has no value to evaluate. Names with `*` may be features alone. */
function windowIssues(
  rule: SampleRule,
  signal: string,
  [at, path]: readonly [Path, Path],
  { windows }: Rules,
): readonly FileIssue[] {
  if (isFeature(signal) || rule.window !== undefined || signal.includes('*')) {
    return statisticIssues(
      rule,
      windows.filter(({ id }) => id === rule.window),
      path,
    );
  }
  const over = firstWindowOf({ windows }, signal);
  if (over !== undefined) return statisticIssues(rule, [over], path);
  const message = `expected a window rule over "${signal}", found none: nothing is evaluated`;
  return [{ path: at, message }];
}

function statisticIssues(
  rule: SampleRule,
  windows: Rules['windows'],
  path: Path,
): readonly FileIssue[] {
  if (!('of' in rule) || !/^p\d/.test(rule.of) || !isStatistic(rule.of)) return [];
  const field = rule.of.replace('.', '_');
  if (windows.length === 0) return [];
  if (windows.some(({ quantiles }) => quantiles.map(quantileField).includes(field))) return [];
  const ids = windows.map(({ id }) => id).join(', ');
  const message = `expected a quantile that window rule ${ids} keeps, found ${rule.of}: write quantiles: [${Number(rule.of.slice(1)) / 100}] there`;
  return [{ path: [...path, 'of'], message }];
}

/** An event of the type `state` has one of the states of the standard. */
function stateIssues(rule: EventRule, path: Path): readonly FileIssue[] {
  const all = [
    [rule.type, rule.data?.state, ['data', 'state']],
    [rule.clear?.type, rule.clear?.data?.state, ['clear', 'data', 'state']],
  ] as const;
  return all.flatMap(([type, state, steps]) => {
    if (type !== 'state' || state === undefined) return [];
    if ((PACKML_STATES as readonly unknown[]).includes(state)) return [];
    const message = `expected a PackML state, found "${state}"${hint(String(state), PACKML_STATES)}`;
    return [{ path: [...path, ...steps], message }];
  });
}

/** Severities of a level that the rule cannot reach, since it has no limit on that side. */
function severityIssues(rule: DetectorRule, path: Path): readonly FileIssue[] {
  const { severity } = rule.raise;
  if (typeof severity !== 'object') return [];
  const reached = reachedLevels(rule);
  return Object.keys(severity).flatMap((level) => {
    if (reached.includes(level)) return [];
    const message = `this severity is never reached: expected ${reached.join(' or ')}, which the rule looks for, found "${level}"`;
    return [{ path: [...path, 'raise', 'severity', level], message }];
  });
}

function reachedLevels(rule: DetectorRule): readonly string[] {
  const levels = DETECTOR_LEVELS[rule.kind] ?? [];
  const sides = (first: unknown, second: unknown) =>
    levels.filter((_, at) => (at === 0 ? first : second) !== undefined);
  switch (rule.kind) {
    case 'limit':
    case 'trend':
      return sides(rule.above, rule.below);
    case 'rate':
      return sides(rule.rise, rule.fall);
    case 'baseline':
    case 'ewma':
    case 'cusum':
    case 'range':
      return rule.direction === 'both' ? levels : [rule.direction];
    default:
      return levels;
  }
}
