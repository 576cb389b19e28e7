import { assetKey } from '../../operators/model/key.ts';
import { toIso } from '../../operators/model/time.ts';
import type { CmmsWork } from './ask-cmms.ts';
import type { Counts, DeadLetterCount, DoneWork, LandedRevision } from './ask-warehouse.ts';
import { byReason } from './progress.ts';
import type { Score } from './score.ts';
import type { MasterDataFound } from './second-plant.ts';
import type { Truth } from './truth.ts';

/** What is known when a demo is over. */
export type DemoOutcome = {
  readonly truth: Truth;
  readonly score: Score;
  readonly speed: number;
  readonly counts: Counts;
  readonly deadLetters: readonly DeadLetterCount[];
  readonly revisions: readonly LandedRevision[];
  readonly works: readonly CmmsWork[];
  /** Messages that the stream took, plant model and rules among them. */
  readonly published: number;
  /** Of `sql/checks`: how many there are, and the names of those that returned rows. */
  readonly checks: { readonly count: number; readonly failed: readonly string[] };
  /** A fingerprint of all anomalies, incidents and requests: the same for the same log. */
  readonly answers: string;
  /** Works that were done, with what was posted for them. */
  readonly done: readonly DoneWork[];
  readonly unfinished: readonly string[];
  /** Undefined where there is one plant. */
  readonly masterData?: MasterDataFound | undefined;
  /** Milliseconds of the clock. */
  readonly took: {
    readonly start: number;
    readonly publish: number;
    readonly held: number;
    readonly drain: number;
  };
  /** Milliseconds from the log into ClickHouse and into the CMMS, as they were seen. */
  readonly latencies: { readonly warehouse: readonly number[]; readonly cmms: readonly number[] };
};

/** What `andon demo --json` prints. */
export type DemoSummary = ReturnType<typeof summarise>;

/** The numbers of a demo, held against what was planted. `differences` is empty when everything is as it should be. */
export function summarise(outcome: DemoOutcome) {
  const { truth, score, speed, counts, deadLetters, works, took, latencies, checks } = outcome;
  return {
    seed: truth.seed,
    speed,
    simulated: {
      from: toIso(truth.begins),
      to: toIso(truth.ends),
      seconds: (truth.ends - truth.begins) / 1e6,
    },
    messages: counts.messages,
    readings: counts.readings,
    waveforms: counts.waveforms,
    windows: counts.windows,
    features: counts.features,
    anomalies: counts.anomalies,
    incidents: counts.incidents,
    requests: counts.requests,
    revisions: counts.revisions,
    dead_letters: Object.fromEntries(
      byReason(deadLetters).map(({ reason, count }) => [reason, count]),
    ),
    acts: counts.acts,
    answers: outcome.answers,
    done: outcome.done.map(({ plant, line, asset, ...work }) => ({
      ...{ asset: assetKey(plant, line, asset), ...work },
    })),
    truth: {
      planted: score.planted,
      found: score.found.length,
      missed: score.missed.length,
      false: score.false.length,
      nuisances: score.nuisances.length,
    },
    master_data: outcome.masterData,
    faults: faultsOf(outcome),
    nuisances: nuisancesOf(outcome),
    agree: {
      messages: { published: sentIn(outcome), clickhouse: counts.messages },
      readings: { published: truth.readings, clickhouse: counts.readings },
      requests: { clickhouse: counts.requests, cmms: requestedOf(works).length },
      commands: { clickhouse: counts.commands, answered: counts.answered },
      checks: { run: checks.count, failed: checks.failed },
    },
    latency_ms: { clickhouse: spread(latencies.warehouse), cmms: spread(latencies.cmms) },
    seconds: {
      start: seconds(took.start),
      publish: seconds(took.publish),
      held: seconds(took.held),
      drain: seconds(took.drain),
    },
    differences: differencesOf(outcome),
  };
}

function nuisancesOf({ score }: DemoOutcome) {
  return score.nuisances.map(({ nuisance, found, exact }) => ({
    nuisance: nuisance.id,
    kind: nuisance.kind,
    source: nuisance.source,
    planted: nuisance.dead_letters,
    found,
    exact,
  }));
}

function faultsOf({ score }: DemoOutcome) {
  const found = score.found.map(({ fault, request, after }) => ({ fault, request, after }));
  const missed = score.missed.map(({ fault }) => ({ fault, request: null, after: null }));
  return [...found, ...missed]
    .sort((a, b) => a.fault.detectable - b.fault.detectable)
    .map(({ fault, request, after }) => ({
      fault: fault.id,
      kind: fault.kind,
      asset: fault.asset,
      failure_mode: fault.failure_mode,
      detectable: toIso(fault.detectable),
      request,
      after_seconds: after === null ? null : after / 1e6,
    }));
}

/** What is not as it should be, a sentence each. */
function differencesOf(outcome: DemoOutcome): readonly string[] {
  const { truth, counts, checks, unfinished } = outcome;
  return [
    // What people did in the page changes answers, as it should: then the truth that was planted is no measure.
    ...(counts.acts === 0 ? wrongAnswers(outcome) : []),
    ...differ('messages', 'published', sentIn(outcome), 'in ClickHouse', counts.messages),
    ...differ('readings', 'published', truth.readings, 'in ClickHouse', counts.readings),
    ...works(outcome),
    ...mistakes(outcome),
    ...checks.failed.map((name) => `sql/checks/${name} returns rows`),
    ...unfinished,
  ];
}

function wrongAnswers({ score }: DemoOutcome): readonly string[] {
  return [
    ...score.missed.map(({ fault, because }) => `${fault.id} on ${fault.asset}: ${because}`),
    ...score.false.map(
      ({ request, asset, because }) => `request ${request} on ${asset}: ${because}`,
    ),
    ...score.nuisances
      .filter(({ exact }) => !exact)
      .map(
        ({ nuisance, found }) =>
          `${nuisance.id} from ${nuisance.source}: planted ${JSON.stringify(nuisance.dead_letters)}, dead letters ${JSON.stringify(found)}`,
      ),
  ];
}

/** What the stream took: of the plant, of people in the page, and of the systems that answered. */
function sentIn({ published, counts }: DemoOutcome): number {
  return published + counts.acts + counts.replies;
}

/** Without the orders that the CMMS made itself. */
function requestedOf(works: DemoOutcome['works']): DemoOutcome['works'] {
  return works.filter(({ external_key }) => external_key !== '');
}

/** Every request has to be in the CMMS exactly once. */
function works({ revisions, works: all }: DemoOutcome): readonly string[] {
  const times = new Map<string, number>([...revisions].map(({ id }) => [id, 0]));
  for (const { external_key: id } of requestedOf(all)) times.set(id, (times.get(id) ?? 0) + 1);
  const known = new Set(revisions.map(({ id }) => id));
  return [...times].flatMap(([id, count]) => {
    if (!known.has(id)) return [`the CMMS has ${id}, which ClickHouse does not have`];
    return count === 1 ? [] : [`request ${id} is in the CMMS ${count} times`];
  });
}

/** What was put into the master data has to be found, and nothing else. */
function mistakes({ masterData }: DemoOutcome): readonly string[] {
  const { planted = [], found = [] } = masterData ?? {};
  return [
    ...planted.filter((one) => !found.includes(one)).map((one) => `not found: ${one}`),
    ...found.filter((one) => !planted.includes(one)).map((one) => `found, and not planted: ${one}`),
  ];
}

function differ(
  what: string,
  here: string,
  expected: number,
  there: string,
  found: number,
): readonly string[] {
  return expected === found ? [] : [`${what}: ${expected} ${here}, ${found} ${there}`];
}

function spread(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? null;
  return { median: at(0.5), p95: at(0.95), most: at(1), samples: sorted.length };
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
