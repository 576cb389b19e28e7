import type { AssetKey } from '../../operators/model/key.ts';
import { type Duration, type EventTime, MINUTE, plus, SECOND } from '../../operators/model/time.ts';
import type { PlantedFault, PlantedNuisance, QuietStretch, Truth } from './truth.ts';

/** What Andon requested, and its dead letters. `failure_mode`: of the latest revision; `time`: of the first. */
export type DemoAnswers = {
  readonly requests: readonly {
    readonly id: string;
    readonly asset: AssetKey;
    readonly failure_mode: string;
    readonly time: EventTime;
  }[];
  readonly deadLetters: readonly {
    readonly reason: string;
    readonly source: string;
    readonly count: number;
  }[];
};

export type Score = {
  readonly planted: number;
  /** `after`: the request came so long after the fault was detectable; below 0 before. */
  readonly found: readonly {
    readonly fault: PlantedFault;
    readonly request: string;
    readonly after: Duration;
  }[];
  readonly missed: readonly { readonly fault: PlantedFault; readonly because: string }[];
  /** Requests that no planted fault explains, and all but the first of one fault. */
  readonly false: readonly {
    readonly request: string;
    readonly asset: AssetKey;
    readonly because: string;
  }[];
  readonly nuisances: readonly {
    readonly nuisance: PlantedNuisance;
    /** What stands in `dead_letters` for its source under the reasons it was planted with. */
    readonly found: Readonly<Record<string, number>>;
    readonly exact: boolean;
  }[];
};

const FOUND_WITHIN = MINUTE;
/** What only data that is not in order leaves: of any other source it was not planted. */
const PLANTED_REASONS = ['too-late', 'duplicate', 'skew', 'unknown', 'malformed', 'not-finite'];

/** Holds what Andon requested against what was planted. Requests on a fault that the truth does not list yet are not judged. */
export function score(truth: Truth, { requests, deadLetters }: DemoAnswers): Score {
  const inTime = [...requests].sort((a, b) => a.time - b.time);
  const used = new Set<string>();
  const found: Score['found'][number][] = [];
  const missed: Score['missed'][number][] = [];
  for (const fault of truth.faults) {
    const own = inTime.filter(({ id, asset, time }) => {
      return asset === fault.asset && time >= fault.begins && !used.has(id) && !isNext(fault, time);
    });
    const [first] = own;
    if (first === undefined) {
      missed.push({ fault, because: 'no request on its asset' });
      continue;
    }
    used.add(first.id);
    const after = (first.time - fault.detectable) as Duration;
    const because = wrongWith(fault, first, after);
    if (because === undefined) found.push({ fault, request: first.id, after });
    else missed.push({ fault, because });
  }
  const extra = inTime.filter(({ id, asset, time }) => {
    return !used.has(id) && !isGrowing(truth, asset, time);
  });
  return {
    ...{ planted: truth.faults.length, found, missed },
    false: extra.map(({ id, asset, time }) => {
      return { request: id, asset, because: whyNot(truth, asset, time) };
    }),
    nuisances: truth.nuisances.map((nuisance) => judged(nuisance, truth, deadLetters)),
  };

  /** The request belongs to a later fault of the same asset. */
  function isNext({ asset, begins }: PlantedFault, time: EventTime): boolean {
    return truth.faults.some((other) => {
      return other.asset === asset && other.begins > begins && time >= other.begins;
    });
  }
}

function wrongWith(
  fault: PlantedFault,
  request: DemoAnswers['requests'][number],
  after: Duration,
): string | undefined {
  if (after > FOUND_WITHIN) return `its request came ${after / SECOND} s after it was detectable`;
  if (request.failure_mode === fault.failure_mode) return undefined;
  return `its request names "${request.failure_mode}", expected ${fault.failure_mode}`;
}

function isGrowing({ growing }: Truth, asset: AssetKey, time: EventTime): boolean {
  return growing.some((fault) => fault.asset === asset && time >= fault.begins);
}

function whyNot({ faults, quiet }: Truth, asset: AssetKey, time: EventTime): string {
  const fault = faults.find((each) => each.asset === asset && time >= each.begins);
  if (fault !== undefined) return `the fault ${fault.id} has a request already`;
  const stretch = quiet.find((each) => covers(each, asset, time));
  return stretch === undefined ? 'nothing is wrong with it' : `it is in a ${stretch.kind}`;
}

function covers({ assets, from, to }: QuietStretch, asset: AssetKey, time: EventTime): boolean {
  return assets.includes(asset) && from <= time && time < plus(to, MINUTE);
}

/** Nuisances of one source and reason count together: `dead_letters` have no more to tell them apart by. */
function judged(
  nuisance: PlantedNuisance,
  { nuisances }: Truth,
  deadLetters: DemoAnswers['deadLetters'],
): Score['nuisances'][number] {
  const { source, dead_letters: own } = nuisance;
  const alike = nuisances.filter((each) => each.source === source);
  const found: Record<string, number> = {};
  for (const reason of PLANTED_REASONS) {
    const count = deadLetters
      .filter((each) => each.source === source && each.reason === reason)
      .reduce((sum, each) => sum + each.count, 0);
    if (count > 0 || Object.hasOwn(own, reason)) found[reason] = count;
  }
  const reasons = new Set([...Object.keys(found), ...Object.keys(own)]);
  const exact = [...reasons].every((reason) => {
    const planted = alike.reduce((sum, each) => sum + (countOf(each, reason) ?? 0), 0);
    return planted === (found[reason] ?? 0);
  });
  return { nuisance, found, exact };
}

function countOf(
  { dead_letters: deadLetters }: PlantedNuisance,
  reason: string,
): number | undefined {
  return Object.entries(deadLetters).find(([name]) => name === reason)?.[1];
}
