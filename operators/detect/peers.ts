/** Machines of one line against each other: what all of them do is no fault of one. */

import type { Event, Stage, StageId } from '../flow/flow.ts';
import { keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { type AssetKey, fits, lineOf } from '../model/key.ts';
import { assetOf, type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { Enriched, Observation, PeersChange } from '../model/observation.ts';
import type { Rules } from '../model/rules.ts';
import type { EventTime } from '../model/time.ts';
import { medianAndMad, restartsBaselines } from './baseline-modes.ts';
import {
  type CompiledDetector,
  compileDetectors,
  isRelative,
  type RelativeRule,
} from './compile.ts';
import { detectorKey } from './detector-state.ts';
import { type Evaluation, formatQuantity } from './evaluation.ts';
import { type Sample, samplesOf, valueOfSample } from './sample.ts';

/** One signal of one machine, as far as a rule that compares machines knows it; on the rule's scale. */
type Member = {
  /** The first values; null when all are learnt. */
  learnt: number[] | null;
  /** Their median, from a few of them on. */
  usual: number | null;
  /** The last value, its time, and how long after the one before. */
  value: number;
  time: EventTime;
  interval: number;
};

type LinePeers = {
  waiting: Event<Enriched<Observation>>[];
  /** By rule and its shape, then by the signal and point, then by the asset. */
  groups: Record<string, Record<string, Record<string, Member>>>;
};

/** A median of one is the other machine itself. */
export const FEWEST_PEERS = 2;
/** From so many values on it is worth something, so that the rule itself need not wait for all of them. */
const FEWEST_LEARNT = 20;
/** So many of the first values say what is usual of a peer: it needs no more than a middle. */
const MOST_LEARNT = 256;
/** A peer that missed so many of its turns stands for nothing. */
const MOST_INTERVALS = 3;

/**
 * Puts beside each observation what the peers of its machine did, for the rules with `relative_to`: the median of their
 * latest values, each less its own usual one. All observations of one time are taken in before the first of them goes on,
 * so that the order of machines does not matter; those wait for the watermark that follows them. Without such rules
 * everything passes at once.
 */
export function peers(states: States): Stage<Enriched<Observation>, Enriched<Observation>> {
  return keyed<LinePeers, Enriched<Observation>, Enriched<Observation>>(
    {
      id: 'peers' as StageId,
      version: 1,
      scope: 'line',
      // Only watermarks release what waits.
      unordered: true,
      keyOf: ({ key }) => lineOf(key),
      open: () => ({ waiting: [], groups: {} }),
      onEvent(line, event, knowledge, out) {
        const rules = rulesOf(knowledge, event.key);
        const isPassed = event.late === true || event.time <= out.now;
        if (isPassed || rules === undefined || compileDetectors(rules).relative.size === 0) {
          out.pass(event);
          return;
        }
        line.waiting.push(event);
        if (line.waiting.length === 1) out.setTimer(event.time);
      },
      onTimer(line, _due, knowledge, out) {
        const due = line.waiting.filter(({ time }) => time <= out.now);
        line.waiting = line.waiting.slice(due.length);
        const [next] = line.waiting;
        if (next !== undefined) out.setTimer(next.time);
        for (const event of compared(line, due, knowledge)) out.pass(event);
      },
      onChange(line, knowledge, out) {
        forgetGroups(line, rulesOf(knowledge, out.key));
      },
    },
    states,
  );
}

/** Observations in their order, each with what the peers of its machine did up to its time. */
function* compared(
  line: LinePeers,
  events: readonly Event<Enriched<Observation>>[],
  knowledge: Knowledge,
): Iterable<Event<Enriched<Observation>>> {
  for (let from = 0; from < events.length; ) {
    const time = events[from]?.time;
    let to = from + 1;
    while (to < events.length && events[to]?.time === time) to += 1;
    const together = events.slice(from, to);
    const found = together.map((event) => takeIn(line, event, knowledge));
    for (const [at, event] of together.entries()) {
      const changes = (found[at] ?? []).flatMap(changeOf);
      const value = { ...event.value, peers: Object.fromEntries(changes) };
      yield changes.length === 0 ? event : { ...event, value };
    }
    from += together.length;
  }
}

/** A member that has a new value, where it is to be found again. */
type Taken = {
  readonly key: string;
  readonly asset: AssetKey;
  readonly rule: RelativeRule;
  readonly group: Readonly<Record<string, Member>>;
  readonly peers: (other: AssetKey) => boolean;
};

/** Takes the values of an observation in, for each rule that compares them. */
function takeIn(
  line: LinePeers,
  { key, time, value: enriched }: Event<Enriched<Observation>>,
  knowledge: Knowledge,
): readonly Taken[] {
  const { observation, situation } = enriched;
  const { asset: own } = observation;
  if (observation.kind === 'event') {
    const point = restartsBaselines(observation);
    if (point !== undefined) forgetMember(line, own, point);
    return [];
  }
  const rules = rulesOf(knowledge, key);
  const asset = assetOf(knowledge, own);
  if (rules === undefined || asset === undefined || situation.mixed) return [];
  const compiled = compileDetectors(rules);
  const window = observation.kind === 'window' ? observation.window : '';
  return samplesOf(enriched, time, asset).flatMap((sample) =>
    compiled.rulesFor(own, asset, sample.signal, window).flatMap((detector): Taken[] => {
      const { rule } = detector;
      if (!isRelative(rule) || !detector.holds(situation, asset)) return [];
      const value = onScale(rule, valueOfSample(rule, sample));
      if (value === undefined) return [];
      const group = groupOf(line, detector, sample);
      addValue(group, own, value, sample.time, rule);
      const peers = (other: AssetKey) => {
        return isPeer(rule, other, assetOf(knowledge, other)?.class === asset.class);
      };
      return [{ key: detectorKey(rule.id, sample), asset: own, rule, group, peers }];
    }),
  );
}

/** On a rule's scale; undefined where a value has no logarithm or is no number, which the detector itself reports. */
function onScale({ scale }: RelativeRule, value: number | undefined): number | undefined {
  if (value === undefined || (scale === 'log' && !(value > 0))) return undefined;
  const scaled = scale === 'log' ? Math.log(value) : value;
  return Number.isFinite(scaled) ? scaled : undefined;
}

function groupName({ rule, shape }: CompiledDetector): string {
  return `${rule.id} ${shape}`;
}

function groupOf(line: LinePeers, detector: CompiledDetector, { point, signal }: Sample) {
  const bySignal = entryOf(line.groups, groupName(detector));
  return entryOf(bySignal, `${point}|${signal}`);
}

function entryOf<T>(record: Record<string, Record<string, T>>, name: string): Record<string, T> {
  record[name] ??= {};
  return record[name];
}

function addValue(
  group: Record<string, Member>,
  asset: AssetKey,
  value: number,
  time: EventTime,
  { learn }: RelativeRule,
): void {
  const known = group[asset];
  const member = known ?? { learnt: [], usual: null, value, time, interval: 0 };
  group[asset] = member;
  if (known !== undefined) member.interval = time - member.time;
  Object.assign(member, { value, time });
  const { learnt } = member;
  if (learnt === null) return;
  learnt.push(value);
  if (learnt.length < FEWEST_LEARNT) return;
  member.usual = medianAndMad(Float64Array.from(learnt)).median;
  if (learnt.length >= Math.min(learn, MOST_LEARNT)) member.learnt = null;
}

/** What the peers of a member did, by the key of its detector; nothing where too few of them are known. */
function changeOf({ key, asset, rule, group, peers }: Taken): [string, PeersChange][] {
  const own = group[asset];
  if (own === undefined) return [];
  const changes = Object.entries(group).flatMap(([other, { usual, value, time, interval }]) => {
    if (other === asset || usual === null || !peers(other as AssetKey)) return [];
    const isStale = own.time - time > MOST_INTERVALS * Math.max(interval, own.interval);
    return isStale ? [] : [value - usual];
  });
  if (changes.length < FEWEST_PEERS) return [];
  const { median } = medianAndMad(Float64Array.from(changes));
  const change = rule.scale === 'log' ? Math.exp(median) : median;
  return [[key, { change, count: changes.length }]];
}

/** Whether a rule compares a machine with another one of its line. */
export function isPeer(
  { relative_to: whom }: RelativeRule,
  other: AssetKey,
  isOfItsClass: boolean,
): boolean {
  if (whom === 'line') return true;
  return whom === 'class' ? isOfItsClass : whom.some((pattern) => fits(pattern, other));
}

/** After a repair or with another sensor, what was usual is another machine's. */
function forgetMember({ groups }: LinePeers, asset: AssetKey, point: string): void {
  for (const bySignal of Object.values(groups)) {
    for (const [name, group] of Object.entries(bySignal)) {
      if (point === '' || name.startsWith(`${point}|`)) delete group[asset];
    }
  }
}

function forgetGroups(line: LinePeers, rules: Rules | undefined): void {
  const all = rules === undefined ? [] : [...compileDetectors(rules).byId.values()];
  const kept = new Set(all.filter(({ rule }) => isRelative(rule)).map(groupName));
  for (const name of Object.keys(line.groups)) if (!kept.has(name)) delete line.groups[name];
}

/** A value less what the peers did; undefined while that is not known. */
export function withoutPeers(
  value: number,
  rule: RelativeRule,
  sample: Sample,
): number | undefined {
  const peers = sample.peers?.[detectorKey(rule.id, sample)];
  if (peers === undefined) return undefined;
  return rule.scale === 'log' ? value / peers.change : value - peers.change;
}

/** An evaluation that says what was taken off. */
export function besidePeers(
  evaluation: Evaluation,
  rule: DetectorRule,
  sample: Sample,
): Evaluation {
  const peers = isRelative(rule) ? sample.peers?.[detectorKey(rule.id, sample)] : undefined;
  if (!isRelative(rule) || peers === undefined) return evaluation;
  const { change, count } = peers;
  const taken =
    rule.scale === 'log'
      ? `a factor of ${formatNumber(change)}`
      : formatQuantity(change, evaluation.unit);
  return {
    ...evaluation,
    text: () => `${evaluation.text()}, after taking off what ${count} of its peers did: ${taken}`,
    evidence: () => ({ ...evaluation.evidence?.(), peers: count, peers_change: change }),
  };
}
