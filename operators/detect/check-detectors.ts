/** What is wrong with the detector rules of a file beyond their shape. */

import type { Bound } from '../model/detector-bounds.ts';
import type { DetectorRule, SampleRule } from '../model/detector-rule.ts';
import { type AssetKey, assetKey, fitsAny } from '../model/key.ts';
import { FEATURE_PREFIX } from '../model/observation.ts';
import type { Asset, PlantModel } from '../model/plant-model.ts';
import type { Rules } from '../model/rules.ts';

import {
  compileSituationCondition,
  firstWindowOf,
  isAbout,
  isAboutAsset,
  isRelative,
} from './compile.ts';

import { type BandedSignal, bandedSignalsOf, SHAFT_SPEED } from './gate.ts';
import { FEWEST_PEERS, isPeer } from './peers.ts';
import { isStatistic } from './sample.ts';

/** What is wrong with a rule file beyond its shape, and where: `path` leads to the place in the file. */
export type RuleIssue = { readonly path: readonly (string | number)[]; readonly message: string };

/** Checks the detectors' conditions (CEL), and that the windows and statistics they name exist. */
export function checkDetectors(rules: Rules): RuleIssue[] {
  return rules.detectors.flatMap((rule, index) => {
    return problemsOf(rule, rules).map(({ path, message }) => {
      return { path: ['detectors', index, ...path], message };
    });
  });
}

function problemsOf(rule: DetectorRule, rules: Rules): RuleIssue[] {
  const issues: RuleIssue[] = [];
  const condition = rule.while === undefined ? undefined : compileSituationCondition(rule.while);
  if (typeof condition === 'object') issues.push({ path: ['while'], message: condition.problem });
  issues.push(...windowProblems(rule, rules), ...bandProblems(rule, rules));
  if ('of' in rule && !isStatistic(rule.of)) {
    const message = `expected a statistic of a window such as mean, max or p95, found "${rule.of}"`;
    issues.push({ path: ['of'], message });
  }
  return issues;
}

function windowProblems(rule: DetectorRule, rules: Rules): RuleIssue[] {
  if (rule.kind === 'event') return [];
  const issues: RuleIssue[] = [];
  const window = rules.windows.find(({ id }) => id === rule.window);
  if (rule.window !== undefined && window === undefined) {
    const ids = rules.windows.map(({ id }) => id).join(', ') || 'none';
    const message = `expected the id of a window rule (there are: ${ids}), found "${rule.window}"`;
    issues.push({ path: ['window'], message });
  } else if (window !== undefined) {
    if (rule.kind === 'usage' && window.kind === 'hopping') {
      const message = `expected windows that do not overlap, so that nothing is counted twice; those of "${window.id}" do`;
      issues.push({ path: ['window'], message });
    }
    const signals = rule.kind === 'multivariate' ? rule.signals : [rule.signal];
    for (const signal of signals.filter((each) => !each.includes('*'))) {
      if (fitsAny(window.signals, signal)) continue;
      const message = `expected a window over "${signal}"; "${window.id}" is over ${window.signals.join(', ')}`;
      issues.push({ path: ['window'], message });
    }
  }
  return issues;
}

/** A signal that no window is over never has a value, so nothing would ever be evaluated. */
function bandProblems(rule: DetectorRule, rules: Rules): RuleIssue[] {
  const { within, bands } = bandedSignalsOf(rule);
  const isUnknown = ({ signal }: BandedSignal) => {
    if (signal === SHAFT_SPEED) return false;
    return firstWindowOf(rules, signal) === undefined;
  };
  const problem =
    (path: readonly string[]) =>
    ({ signal }: BandedSignal) => {
      const message = `expected a signal that a window is over, or rpm, found "${signal}"`;
      return { path: [...path, signal], message };
    };
  return [
    ...within.filter(isUnknown).map(problem(['when', 'within'])),
    ...bands.filter(isUnknown).map(problem(['bands'])),
  ];
}

/**
 * Checks rules against the plants that they are for: a limit that is an attribute without a default needs that attribute at
 * every asset which the rule is about, or nothing is judged there.
 */
export function checkAttributes(rules: Rules, plants: readonly PlantModel[]): RuleIssue[] {
  const assets = plants.flatMap((plant) => {
    return plant.lines.flatMap((line) => {
      return line.assets.map((asset) => [assetKey(plant.id, line.id, asset.id), asset] as const);
    });
  });
  return rules.detectors.flatMap((rule, index) => {
    if (rule.kind === 'event') return [];
    return boundsOf(rule).flatMap(([name, { attribute, default: otherwise }]) => {
      if (otherwise !== undefined) return [];
      const lacking = assets.filter(([key, asset]) => {
        return !Object.hasOwn(asset.attributes, attribute) && isMeasured(rule, key, asset);
      });
      if (lacking.length === 0) return [];
      const names = lacking.slice(0, MOST_NAMED).map(([key]) => key);
      const rest = lacking.length > MOST_NAMED ? ` and ${lacking.length - MOST_NAMED} more` : '';
      const message = `expected an attribute "${attribute}" in the plant model, or a default; ${names.join(', ')}${rest} have neither`;
      return [{ path: ['detectors', index, name, 'attribute'], message }];
    });
  });
}

/** A rule that compares a machine with its peers needs some of them on the line of each machine that it is about. */
export function checkPeers(rules: Rules, plants: readonly PlantModel[]): RuleIssue[] {
  const lines = plants.flatMap(({ id, lines }) => {
    return lines.map((line) => {
      return line.assets.map((asset) => [assetKey(id, line.id, asset.id), asset] as const);
    });
  });
  return rules.detectors.flatMap((rule, index) => {
    if (!isRelative(rule)) return [];
    const lonely = lines.flatMap((assets) => {
      const measured = assets.filter(([key, asset]) => isMeasured(rule, key, asset));
      return measured.filter(([key, asset]) => {
        const peers = measured.filter(([other, { class: kind }]) => {
          return other !== key && isPeer(rule, other, kind === asset.class);
        });
        return peers.length < FEWEST_PEERS;
      });
    });
    if (lonely.length === 0) return [];
    const names = lonely.slice(0, MOST_NAMED).map(([key]) => key);
    const message = `expected at least ${FEWEST_PEERS} others to compare each asset with; ${names.join(', ')} ${lonely.length === 1 ? 'has' : 'have'} fewer on the line`;
    return [{ path: ['detectors', index, 'relative_to'], message }];
  });
}

/** So many assets are named in one sentence. */
const MOST_NAMED = 3;

type AttributeBound = Exclude<Bound, number>;

/** The limits of a rule that are attributes, with their keys. */
function boundsOf(rule: SampleRule): (readonly [string, AttributeBound])[] {
  return Object.entries(limitsOf(rule)).flatMap(([name, bound]) => {
    return typeof bound === 'object' ? [[name, bound] as const] : [];
  });
}

function limitsOf(rule: SampleRule): Readonly<Record<string, Bound | undefined>> {
  switch (rule.kind) {
    case 'limit':
    case 'trend':
      return { above: rule.above, below: rule.below };
    case 'rate':
      return { rise: rule.rise, fall: rule.fall };
    case 'usage':
      return { every: rule.every };
    default:
      return {};
  }
}

/** The model declares a signal of the asset, or points, that the rule reads. */
function isMeasured(rule: SampleRule, key: AssetKey, asset: Asset): boolean {
  const isFeature = rule.signal.startsWith(FEATURE_PREFIX) && asset.points.length > 0;
  if (isFeature && isAboutAsset(rule, key, asset)) return true;
  return Object.keys(asset.signals).some((signal) => isAbout(rule, key, asset, signal));
}
