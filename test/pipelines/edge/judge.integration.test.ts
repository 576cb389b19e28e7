import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { EDGE_LOG_PREFIX, EDGE_STREAM, partitionStream } from '../../../pipelines/nats/streams.ts';
import { type EdgeStand, startEdgeStand } from '../../stand/edge-stand.ts';
import { rowsOf } from '../../stand/landed.ts';
import { andon, type Stand, startStand, until, worksAt } from '../../stand/stand.ts';
import { longTest } from '../../support/long.ts';
import { temporaryFile } from '../../support/temporary.ts';

const LONG = 60_000;
let edge: EdgeStand | undefined;
let stand: Stand | undefined;
afterEach(async () => {
  await stand?.stop();
  await edge?.stop();
});

const TOKEN = 'a-token-of-the-gateway';
const PRESS = { id: 'press', signals: { temperature: {} } };
const PLANTS = {
  plants: [
    {
      id: 'works',
      lines: [
        { id: 'line1', judged_at: 'e1', assets: [PRESS] },
        { id: 'line2', assets: [PRESS] },
      ],
    },
  ],
};
const RULES = {
  windows: [{ id: 'short', kind: 'tumbling', size: '5s' }],
  detectors: [
    {
      ...{ id: 'hot', kind: 'limit', signal: 'temperature', window: 'short', above: 80 },
      raise: { severity: 'alarm' },
    },
  ],
  triggers: [{ id: 'look', on: 'hot', request: { priority: 'high' } }],
};

/** How somebody of the printed configuration logs in. */
const loginOf = ({ hub: { keys } }: EdgeStand, user: string) => ({
  ...{ nkey: join(keys, `${user}.nk`), inbox: `_INBOX_${user}` },
});

/** Subjects and payloads of a stream beside the machines. */
async function messagesOf({ leaf, hub }: EdgeStand, stream: string) {
  const nkey = join(hub.keys, 'edge.e1.nk');
  const connection = await connectNats({ servers: [leaf.url], nkey, name: 'test' });
  try {
    const log = await openJetstreamLog({ connection, stream, after: 0, acceptLoss: true });
    const { last } = await log.state();
    const found: { readonly subject: string; readonly text: string }[] = [];
    for (let read = 0; read < last; ) {
      const { messages, gaps } = await log.pull(2_000, 5_000, new AbortController().signal);
      for (const { subject, payload, sequence } of messages) {
        found.push({ subject, text: Buffer.from(payload).toString() });
        read = sequence;
      }
      for (const { to } of gaps) read = Math.max(read, to);
    }
    await log.close();
    return found;
  } finally {
    await connection.close();
  }
}

longTest(
  'an edge judges while the link is cut: the request reaches the CMMS once, after the cut',
  4 * LONG,
  async () => {
    const port = await freePort();
    const tokens = [{ name: 'gateway', token: TOKEN, machines: ['Presse 3'] }];
    const here = await startEdgeStand({
      ...{ partitions: 1, plants: PLANTS },
      edge: { judge: {}, sources: [{ name: 'push', kind: 'http', http: { port, tokens } }] },
    });
    edge = here;
    const { server, model } = here.hub;
    const nats = {
      ...{ servers: [server.url], ...loginOf(here, 'worker') },
      delivery: loginOf(here, 'requests'),
    };
    const centre = await startStand({ nats: server, config: { nats }, status: true });
    stand = centre;
    const engineer = loginOf(here, 'engineer.works');
    const rules = temporaryFile('rules.yaml', JSON.stringify(RULES));
    const applied = await andon(['apply', model, rules], {
      ...{ NATS_URL: server.url, NATS_NKEY: engineer.nkey, NATS_INBOX: engineer.inbox },
      ...{ NATS_DOMAIN: 'andon', ANDON_USER: 'engineer' },
    });
    expect(applied).toMatchObject({ code: 0 });
    await centre.worker.start();
    await here.edge.start();
    await here.judge.start();
    await until('model and rules at the edge', LONG, async () => {
      return ((await here.status())?.judge?.messages ?? 0) >= 2;
    });

    const push = async (samples: readonly object[]) => {
      const answer = await fetch(`http://127.0.0.1:${port}/readings`, {
        ...{ method: 'POST', body: JSON.stringify(samples) },
        headers: { Authorization: `Bearer ${TOKEN}` },
      });
      expect(answer.status).toBe(200);
    };
    const began = Date.now() - 70_000;
    const sample = (second: number, temperature: number) => ({
      ...{ machine: 'Presse 3', time: began + second * 1_000, values: { temperature } },
    });
    await push([sample(0, 20)]);
    await until('a reading at the centre', LONG, async () => {
      return (await rowsOf(centre, 'SELECT 1 FROM {db}.readings')).length > 0;
    });
    here.link.cut();
    await until(
      'the edge to see it',
      LONG,
      async () => (await here.status())?.centre.away === true,
    );
    await push(Array.from({ length: 60 }, (_, second) => sample(second + 5, 95)));
    const asked = async () => {
      const all = await messagesOf(here, EDGE_STREAM);
      return all.filter(({ subject, text }) => /finding/.test(subject) && /"requests"/.test(text));
    };
    await until(
      'a request of the edge, with the link cut',
      LONG,
      async () => (await asked()).length > 0,
    );
    expect((await asked()).map(({ subject }) => subject)).toContain(
      'andon.0.finding.works.line1.press',
    );

    // What it does again after a crash is a repeat.
    await here.judge.kill();
    await here.judge.start();
    here.link.mend();
    await until('the request in the CMMS', LONG, async () => (await worksAt(centre)).length > 0);
    // What the CMMS says of it comes down to the edge: it was asked, and has answered.
    const log = `${EDGE_LOG_PREFIX}_${partitionStream(0)}`;
    await until('its status at the edge', LONG, async () => {
      const all = await messagesOf(here, log);
      return all.some(({ subject }) => subject.includes('status.'));
    });
    expect(await worksAt(centre)).toHaveLength(1);
    const found = (table: string, where: string) =>
      rowsOf<{ rows: number }>(
        centre,
        `SELECT toUInt32(count()) AS rows FROM {db}.${table} WHERE line = 'line1' AND ${where}`,
      );
    // The warehouse may be later than the CMMS.
    await until('its rows', LONG, async () => {
      const all = [found('incidents', '1'), found('request_history', "action = 'open'")];
      return (await Promise.all(all)).flat().every(({ rows }) => rows > 0);
    });
    expect(await found('request_history', "action = 'open'")).toEqual([{ rows: 1 }]);
    expect(await found('anomalies', "phase = 'raised'")).toEqual([{ rows: 1 }]);
    expect(await found('incidents', '1')).toEqual([{ rows: 1 }]);
    const refused = "SELECT detail FROM {db}.dead_letters WHERE stage = 'findings'";
    expect(await rowsOf(centre, refused)).toEqual([]);
  },
);
