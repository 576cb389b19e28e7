// From answers of people to another value of a rule: tried on recordings, proposed with its numbers, never applied.

import type { Row } from '../../../operators/flow/flow.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { Problem } from '../../base/problem.ts';
import { type Overlay, overlaid } from '../../base/yaml-file.ts';
import type { Log } from '../../nats/log.ts';
import type { PlantChange } from '../../nats/partition.ts';
import { changesOf } from '../changes.ts';
import { type PlantEntry, RULES_CHECKS, type RulesEntry, readRulesFile } from '../rules.ts';
import { comments, yamlOf } from '../suggest/commented-yaml.ts';
import { replayVariants } from '../sweep/sweep.ts';
import { type AnsweredAnomaly, comesAgain, followStanding, type Standing } from './answered.ts';
import { type Candidate, candidatesFor, overlaysOf } from './candidates.ts';

/** Fewer answers say nothing, and a rule with fewer false ones needs no change. */
const LEAST_ANSWERS = 5;
const LEAST_FALSE = 3;

/** What a candidate would have done to the answered anomalies that the rule raises in the recordings. */
export type Tried = Candidate & {
  readonly kept: number;
  readonly dropped: number;
};

export type Proposal = {
  readonly rule: string;
  /** The detector as `rules.yaml` has it, with the chosen value if there is one. */
  readonly raw: unknown;
  /** All answers, and those to anomalies that the rule as it stands raises in the recordings. */
  readonly confirmed: number;
  readonly falseOnes: number;
  readonly confirmedHere: number;
  readonly falseHere: number;
  readonly tried: readonly Tried[];
  /** Place in `tried`; undefined: `why` says what is missing. */
  readonly chosen: number | undefined;
  readonly why: string;
};

export type ProposeOptions = {
  readonly rules: string;
  readonly plants: readonly PlantEntry[];
  readonly answered: readonly AnsweredAnomaly[];
  /** Opens the recordings with these changes ahead of them. */
  readonly openLog: (changes: readonly PlantChange[]) => Promise<Log>;
  readonly signal: AbortSignal;
};

/** One detector of the file, with the rules that each of its candidates makes. */
type Trial = {
  readonly at: number;
  readonly id: string;
  readonly answers: readonly AnsweredAnomaly[];
  readonly candidates: readonly {
    readonly candidate: Candidate;
    readonly overlays: readonly Overlay[];
  }[];
};

/**
 * Proposals for the detectors of a rule file that were called false often enough. Rejects like `readRulesFile`. A round of
 * the replay changes one field in each of them, since no detector sees another.
 */
export async function propose(options: ProposeOptions): Promise<readonly Proposal[]> {
  const entry = await readRulesFile(options.rules);
  const trials: Trial[] = [];
  for (const [at, { id }] of entry.rules.detectors.entries()) {
    const answers = options.answered.filter(({ rule }) => rule === id);
    const falseOnes = answers.filter(({ isConfirmed }) => !isConfirmed).length;
    if (answers.length < LEAST_ANSWERS || falseOnes < LEAST_FALSE) continue;
    trials.push({ at, id, answers, candidates: await readable(options.rules, entry, at) });
  }
  if (trials.length === 0) return [];
  const standings = await standingsOf(trials, entry, options);
  return trials.map((trial) => proposalOf(trial, entry, standings));
}

/** Candidates that the file may have: some do not go with its other fields. */
async function readable(path: string, entry: RulesEntry, at: number): Promise<Trial['candidates']> {
  const detector = entry.rules.detectors[at];
  const found: Trial['candidates'][number][] = [];
  for (const candidate of detector === undefined ? [] : candidatesFor(detector)) {
    const name = `${detector?.id}.${candidate.field.join('.')}`;
    const overlays = overlaysOf(candidate, ['detectors', at], name);
    try {
      await readRulesFile(path, RULES_CHECKS, overlays);
      found.push({ candidate, overlays });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return found;
}

/** What stood when, in each round: the first has the rules of the file, round n the candidate n − 1 of each detector. */
async function standingsOf(
  trials: readonly Trial[],
  entry: RulesEntry,
  { rules: path, plants, openLog, signal }: ProposeOptions,
): Promise<readonly (readonly Standing[])[]> {
  const rounds = Math.max(...trials.map(({ candidates }) => candidates.length));
  const variants: Rules[] = [entry.rules];
  for (let round = 0; round < rounds; round += 1) {
    const overlays = trials.flatMap(({ candidates }) => candidates[round]?.overlays ?? []);
    variants.push((await readRulesFile(path, RULES_CHECKS, overlays)).rules);
  }
  const changes = changesOf(plants, entry);
  const change = changes[0]?.messages[0]?.headers?.['Andon-Change'] ?? '';
  const log = { openLog: () => openLog(changes), signal };
  const { result } = await replayVariants({ ...log, change, variants }, () => {
    const standing = variants.map(() => new Map<string, Standing>());
    return {
      result: standing,
      judged(at: number, { table, row }: Row) {
        const known = standing[at];
        if (table === 'anomalies' && known !== undefined) followStanding(known, row);
      },
    };
  });
  return result.map((standing) => [...standing.values()]);
}

function proposalOf(
  { at, id, answers, candidates }: Trial,
  entry: RulesEntry,
  standings: readonly (readonly Standing[])[],
): Proposal {
  const [asItStands = [], ...rounds] = standings;
  const here = answers.filter((answer) => comesAgain(answer, asItStands));
  const right = here.filter(({ isConfirmed }) => isConfirmed);
  const wrong = here.filter(({ isConfirmed }) => !isConfirmed);
  const tried = candidates.map(({ candidate }, round): Tried => {
    const again = (answer: AnsweredAnomaly) => comesAgain(answer, rounds[round] ?? []);
    const kept = right.filter(again).length;
    return { ...candidate, kept, dropped: wrong.length - wrong.filter(again).length };
  });
  const { chosen, why } = choose(tried, right.length, wrong.length);
  const confirmed = answers.filter(({ isConfirmed }) => isConfirmed).length;
  return {
    rule: id,
    raw: withCandidate(
      detectorsOf(entry.raw)[at],
      chosen === undefined ? undefined : tried[chosen],
    ),
    ...{ confirmed, falseOnes: answers.length - confirmed },
    ...{ confirmedHere: right.length, falseHere: wrong.length },
    ...{ tried, chosen, why },
  };
}

/** The first of those that keep every right one and drop the most of the false ones, if that is at least half. */
function choose(
  tried: readonly Tried[],
  right: number,
  wrong: number,
): Pick<Proposal, 'chosen' | 'why'> {
  if (wrong < LEAST_FALSE) {
    return { chosen: undefined, why: 'too few of the false ones come again in the recordings' };
  }
  if (right === 0) {
    const why = 'no confirmed one comes again in the recordings: nothing says what must be kept';
    return { chosen: undefined, why };
  }
  const keeping = tried.filter(({ kept }) => kept === right);
  const most = Math.max(0, ...keeping.map(({ dropped }) => dropped));
  if (2 * most < wrong) {
    const why = 'no delay, mode or limit keeps all confirmed ones and drops half of the false ones';
    return { chosen: undefined, why };
  }
  const chosen = tried.findIndex(({ kept, dropped }) => kept === right && dropped === most);
  return { chosen, why: '' };
}

function detectorsOf(raw: unknown): readonly unknown[] {
  if (typeof raw !== 'object' || raw === null || !('detectors' in raw)) return [];
  return Array.isArray(raw.detectors) ? raw.detectors : [];
}

function withCandidate(raw: unknown, candidate: Candidate | undefined): unknown {
  return candidate === undefined ? raw : overlaid(raw, overlaysOf(candidate));
}

/**
 * Proposals as a part of a `rules.yaml`: each detector whole, with its new value, and the numbers behind it as comments.
 * Where nothing is proposed, a comment says why. Undefined where there is nothing to speak of.
 */
export function proposalText(proposals: readonly Proposal[]): string | undefined {
  if (proposals.length === 0) return undefined;
  const isProposed = ({ chosen }: Proposal) => chosen !== undefined;
  return [
    ...comments('', [
      'Proposed from the answers of people, each tried on the recordings. Nothing is applied: put what you agree with in',
      'the place of the detector of that id, then `andon apply --check`. Kept are alarms that people confirmed, dropped',
      'are those that they called false. What the recordings do not hold was not tried.',
    ]),
    ...(proposals.some(isProposed) ? ['detectors:'] : []),
    ...proposals.filter(isProposed).flatMap(proposed),
    ...proposals.filter((one) => !isProposed(one)).flatMap(left),
  ]
    .join('\n')
    .concat('\n');
}

function proposed(proposal: Proposal): readonly string[] {
  const { tried, chosen } = proposal;
  const table = tried.map((one, at) => {
    return `${numbersText(one, proposal)}${at === chosen ? '   <- here' : ''}`;
  });
  return [...comments('  ', [...head(proposal), ...table]), ...yamlOf('  ', [proposal.raw])];
}

/** A rule that was called false often, and for which nothing is proposed. */
function left(proposal: Proposal): readonly string[] {
  const table = proposal.tried.map((one) => numbersText(one, proposal));
  return comments('', [...head(proposal), `Nothing is proposed: ${proposal.why}.`, ...table]);
}

function head({ rule, confirmed, falseOnes, confirmedHere, falseHere }: Proposal) {
  return [
    `${rule}: ${falseOnes} of ${confirmed + falseOnes} answers say false.`,
    `In the recordings it raises ${confirmedHere} of the ${confirmed} confirmed ones and ${falseHere} of the ${falseOnes} false ones.`,
  ];
}

function numbersText(one: Tried, { confirmedHere, falseHere }: Proposal): string {
  const { kept, dropped } = one;
  const fields = overlaysOf(one).map(({ path, text }) => `${path.join('.')} ${text}`);
  return `${fields.join(', ')}: keeps ${kept} of ${confirmedHere}, drops ${dropped} of ${falseHere}`;
}
