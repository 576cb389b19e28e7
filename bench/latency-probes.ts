import { setTimeout as pause } from 'node:timers/promises';
import { Packr } from 'msgpackr';
import { parse, stringify } from 'yaml';
import { connectNats } from '../pipelines/nats/nats.ts';
import { createPublisher } from '../pipelines/nats/publisher.ts';
import type { CmmsAddress } from '../pipelines/stand/programs.ts';
import { assetNames, PLANT } from './paced-plant.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { type BenchStand, worksAt } from './stand.ts';

const packr = new Packr({ useRecords: false });
const failureMode = (probe: string) => `PROBE-${probe.toUpperCase()}`;

/** Rules with a request for each event of these types: one for each asset and type. */
export function withProbes(rules: string, probes: readonly string[]): string {
  const { patterns = [], triggers = [], ...others } = parse(rules);
  const pattern = (probe: string) => ({
    id: `probe-${probe}`,
    pattern: [{ name: 'seen', where: `kind == 'event' && type == 'probe-${probe}'` }],
    raise: { severity: 'alarm', component: probe, failure_mode: failureMode(probe) },
  });
  const trigger = (probe: string) => ({
    ...{ id: `probe-${probe}`, on: `probe-${probe}`, per: 'component' },
    request: { kind: 'inspection', priority: 'high' },
  });
  // A problem whose component nobody knows yet would take the first probe of its machine for its own.
  const known = patterns.map((rule: { raise: object }) => {
    return { ...rule, raise: { component: 'bearing', ...rule.raise } };
  });
  return stringify({
    ...others,
    patterns: [...known, ...probes.map(pattern)],
    triggers: [...triggers, ...probes.map(trigger)],
  });
}

/** When the probe of each asset was published: epoch milliseconds, by the asset's name. */
export type Sent = ReadonlyMap<string, number>;

/** Publishes one event of a type for each asset in turn, evenly over the seconds. */
export async function sendProbes(
  stand: BenchStand,
  probe: string,
  { assets, seconds }: { readonly assets: number; readonly seconds: number },
): Promise<Sent> {
  const sent = new Map<string, number>();
  const connection = await connectNats({ servers: stand.nats.url, name: 'bench probes' });
  const publisher = createPublisher(connection, { inFlight: 100, run: `probes-${probe}` });
  try {
    const begun = performance.now();
    for (const [index, { line, asset }] of assetNames(assets).entries()) {
      await pause(Math.max(0, begun + (index / assets) * seconds * 1_000 - performance.now()));
      const time = Date.now();
      sent.set(asset, time);
      const payload = packr.pack({ time, type: `probe-${probe}`, data: {} });
      await publisher.publish({ subject: `event.${PLANT}.${line}.${asset}`, payload });
    }
    await publisher.flush();
    return sent;
  } finally {
    publisher.close();
    await connection.close();
  }
}

/** From publishing a probe to its request being made in the CMMS, by the clock of the CMMS. */
export async function requestLatency(
  cmms: CmmsAddress,
  probe: string,
  sent: Sent,
  patience: number,
): Promise<Percentiles & { readonly missing: number }> {
  const until = performance.now() + patience;
  for (;;) {
    const works = await worksAt(cmms);
    const made = works.filter(({ failure_code }) => failure_code === failureMode(probe));
    if (made.length >= sent.size || performance.now() > until) {
      const latencies = made.map(({ asset, created }) => {
        const name = asset.slice(asset.lastIndexOf('/') + 1);
        return Date.parse(created) - (sent.get(name) ?? Number.NaN);
      });
      return { ...percentilesOf(latencies), missing: sent.size - made.length };
    }
    await pause(200);
  }
}
