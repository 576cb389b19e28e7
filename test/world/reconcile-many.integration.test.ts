import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { expect } from 'vitest';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import { ensureRequests } from '../../pipelines/nats/streams.ts';
import { newEntry } from '../../pipelines/systems/entry.ts';
import { openLedger } from '../../pipelines/systems/ledger.ts';
import { compare } from '../../pipelines/systems/reconciliation/compare.ts';
import { requestSides } from '../../pipelines/systems/reconciliation/sides.ts';
import { openRevisions } from '../../pipelines/systems/revision-reader.ts';
import { ownLedger, routeTo } from '../../pipelines/systems/route.ts';
import { createCmms } from '../../sinks/remote/remote.ts';
import { quickConfig } from '../pipelines/systems/systems-config.ts';
import { freshRequest, startLog } from '../pipelines/systems/systems-support.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const MANY = 10_000;

longTest(
  '10,000 requests are compared with a CMMS, and the ten that differ are found',
  600_000,
  async () => {
    const { nats, connection } = await startLog();
    await ensureRequests(connection);
    const ledger = await openLedger(connection);
    const requests = Array.from({ length: MANY }, () => freshRequest());
    const created = new Date(Date.now() - 86_400_000).toISOString();
    const remoteOf = (index: number) => `WR-${String(index + 1).padStart(5, '0')}`;
    // Each thousandth is not there.
    const works = requests.flatMap(({ id, asset, title }, index) =>
      index % 1_000 === 0
        ? []
        : [
            {
              ...{
                id: remoteOf(index),
                external_key: id,
                asset,
                title,
                description: '',
                priority: 'HIGH',
              },
              ...{
                origin: '',
                failure_code: '',
                parts: [],
                hours: null,
                planned_start: null,
                planned_end: null,
              },
              ...{
                production_order: '',
                order_due: null,
                stop_cost: null,
                revision: 1,
                status: 'NEW',
              },
              ...{ status_note: '', comments: [], created, changed: created },
            },
          ],
    );
    const journal = join(temporaryDirectory(), 'cmms.ndjson');
    writeFileSync(
      journal,
      works.map((work) => `${JSON.stringify({ kind: 'work', work })}\n`).join(''),
    );
    const server = await startReferenceCmms({ journal });
    try {
      const client = jetstream(connection);
      for (let from = 0; from < MANY; from += 200) {
        await Promise.all(
          requests.slice(from, from + 200).map(async (request, at) => {
            await client.publish(`request.${request.id}.1`, JSON.stringify(request));
            const sent = {
              revision: 1,
              delivered: 1,
              delivery: 'sent',
              status: 'requested',
            } as const;
            const remote = remoteOf(from + at);
            await ledger.put({ ...newEntry(request.id, request), ...sent, remote }, 0);
          }),
        );
      }
      const config = quickConfig(server.url, { timeout: 30_000 });
      const cmms = createCmms(config, {});
      const revisions = await openRevisions(connection);
      const route = routeTo(config, [config], revisions);
      const sides = { connection, cmms, ledger: ownLedger(ledger, route), revisions, route };
      const wasGiven = async () => false;
      const begun = performance.now();
      const found = await compare(requestSides({ ...sides, wasGiven }), {
        ...{ since: 0 as never, now: Date.now, grace: 1_000, late: 600_000 },
        signal: new AbortController().signal,
      });
      const seconds = (performance.now() - begun) / 1_000;
      console.log(`${MANY} objects compared in ${seconds.toFixed(1)} s`);
      expect(found).toMatchObject({ ours: MANY, theirs: MANY - 10, unseen: null });
      expect(found.differences.map(({ kind }) => kind)).toEqual(Array(10).fill('missing'));
    } finally {
      await server.close();
      await connection.close();
      await nats.stop();
    }
  },
);
