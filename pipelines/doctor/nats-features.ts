import { isAtLeast } from '../base/version.ts';
import { type CheckResult, fail, ok } from './check-result.ts';

/** Something that a nats-server can do since a version, and what it does for us. */
type Feature = {
  readonly feature: string;
  readonly since: string;
  /** `needed`: nothing works without. `by itself`: a newer server does it unasked. `setting`: somebody must turn it on. `unused`: not used yet. */
  readonly use: 'needed' | 'by itself' | 'setting' | 'unused';
  readonly gives: string;
};

/** What the server can do is an answer of its JetStream API from 2.11 on: the level of the whole cluster. */
const LEVELS: readonly (readonly [since: string, level: number])[] = [
  ['2.11', 1],
  ['2.12', 2],
  ['2.14', 4],
];

const FEATURES: readonly Feature[] = [
  {
    feature: 'key-value buckets',
    since: '2.6.2',
    use: 'needed',
    gives: 'one owner per partition, and what became of each request',
  },
  {
    feature: 'mapping by partition()',
    since: '2.8',
    use: 'needed',
    gives: 'lines spread over several partitions',
  },
  {
    feature: 'discard new per subject',
    since: '2.9',
    use: 'needed',
    gives: 'a revision of a request enters the outbox once',
  },
  {
    feature: 'named pull consumers',
    since: '2.9.4',
    use: 'needed',
    gives: 'the log in order, at the pace of the worker',
  },
  {
    feature: 'limits at full speed',
    since: '2.9.16',
    use: 'by itself',
    gives: 'a stream that is at its limit takes messages of many subjects as fast as before',
  },
  {
    feature: 'sync_interval',
    since: '2.10',
    use: 'setting',
    gives:
      '`jetstream { sync_interval: always }`: a power cut loses nothing that was acknowledged; slower',
  },
  {
    feature: 'subject transform of a stream',
    since: '2.10',
    use: 'unused',
    gives: 'the prefix of a partition without a mapping in the account',
  },
  {
    feature: 'limit of unwritten messages',
    since: '2.11',
    use: 'by itself',
    gives:
      'a server that cannot keep up refuses messages, which are sent again, and does not grow in memory',
  },
  {
    feature: 'per-message TTL',
    since: '2.11',
    use: 'unused',
    gives: 'leases of dead workers that vanish from their bucket by themselves',
  },
  {
    feature: 'atomic batch publish',
    since: '2.12',
    use: 'unused',
    gives: 'model and rules put in force at one go',
  },
  {
    feature: 'stop at disk errors',
    since: '2.14',
    use: 'by itself',
    gives: 'a stream whose disk fails takes no more messages instead of losing them',
  },
  {
    feature: 'fast ingest',
    since: '2.14',
    use: 'unused',
    gives: 'publishing with fewer acknowledgements',
  },
];

/**
 * Which features the server has: one finding for all that are there, and a note for each that a newer one would give.
 * `level`: of the JetStream API, where the server says one.
 */
export function examineFeatures(
  version: string,
  level: number | undefined,
): readonly CheckResult[] {
  const examined = FEATURES.map((feature) => ({ ...feature, here: has(feature, version, level) }));
  const missing = examined.filter(({ here }) => !here);
  const needed = missing.filter(({ use }) => use === 'needed');
  const used = examined.filter(({ use }) => use === 'needed');
  const gains = examined.filter(({ use, here }) => here && use !== 'needed');
  const names = (features: readonly Feature[]) => features.map(({ feature }) => feature).join(', ');
  const check = 'NATS features';
  const summary =
    needed.length > 0
      ? fail(check, `${version} lacks ${names(needed)}`, 'Upgrade nats-server.')
      : ok(check, `${names(used)}; beyond what is needed: ${names(gains) || 'nothing'}`);
  return [
    { ...summary, features: examined },
    ...missing
      .filter(({ use }) => use !== 'needed')
      .map(({ feature, since, gives, use }): CheckResult => {
        const later = use === 'unused' ? ' Andon does not use it yet.' : '';
        return {
          check,
          state: 'note',
          found: `${feature}: from ${since} on`,
          remedy: `${capital(gives)}.${later}`,
        };
      }),
  ];
}

function has({ since }: Feature, version: string, level: number | undefined): boolean {
  if (!isAtLeast(version, since)) return false;
  const wanted = LEVELS.find(([from]) => from === since)?.[1];
  // A newer server in a cluster with an older one can do only what the older one can.
  return wanted === undefined || (level ?? 0) >= wanted;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
