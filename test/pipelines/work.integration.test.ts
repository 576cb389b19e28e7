import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Command } from '../../operators/model/command.ts';
import { rowsOf } from '../stand/landed.ts';
import { andon, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const PLANT = { id: 'p1', lines: [{ id: 'l1', assets: [{ id: 'press' }] }] };
const RULES = {
  // Machine events alone: a line without sources is as far as append time, less the longer of these. An event that takes
  // longer into the log is late.
  time: { disorder: '0s', idle: '3s', hold: '3s' },
  detectors: [
    {
      ...{ id: 'guard', kind: 'event', type: 'guard', data: { open: true } },
      clear: { type: 'guard', data: { open: false } },
    },
  ],
  triggers: [{ id: 'secure', on: 'guard', request: { priority: 'urgent', parts: ['6205'] } }],
  workflows: [
    {
      ...{ id: 'parts', mode: 'on' },
      steps: [
        {
          ...{ id: 'stock', do: 'erp.check-stock', with: { part: 'request.parts[0]' } },
          ...{ deadline: '3s', otherwise: 'escalate', escalate: ['call'] },
        },
        { id: 'reserve', after: ['stock'], when: 'steps.stock.short == 0', do: 'erp.reserve' },
        { id: 'call', do: 'mail.notify', with: { role: "'storekeeper'" } },
      ],
    },
  ],
};

let stand: Stand;
let connection: NatsConnection;

beforeAll(async () => {
  stand = await startStand({});
  await stand.worker.start();
  connection = await connect({ servers: stand.nats.url });
});
afterAll(async () => {
  await connection?.close();
  await stand?.stop();
});

async function send(subject: string, type: string, data: object): Promise<void> {
  const options = { headers: headers() };
  options.headers.set('Content-Type', 'application/json');
  const content = JSON.stringify({ time: Date.now(), type, data });
  await jetstream(connection).publish(subject, content, options);
}

/** The command that a system has been sent, once it is there. */
async function commandFor(system: string): Promise<Command> {
  // nats-server 2.9.10 ends with a panic where a message is asked of a stream that is just being made.
  await until('the first epoch', 40_000, async () => {
    return (
      (await rowsOf(stand, 'SELECT epoch FROM {db}.epochs LIMIT 1').catch(() => [])).length > 0
    );
  });
  const { streams } = await jetstreamManager(connection);
  let found: Command | undefined;
  await until(`a command for ${system}`, 40_000, async () => {
    const message = await streams
      .getMessage('ANDON_COMMANDS', { last_by_subj: `command.${system}.*` })
      .catch(() => null);
    if (message !== null) found = message.json<Command>();
    return found !== undefined;
  });
  return found as Command;
}

const answer = ({ id, request, step, n, verb, system }: Command, more: object) =>
  send(`status.${system}.p1.l1.press`, 'command', {
    ...{ id, request, step, n, verb, outcome: 'done' },
    ...more,
  });

async function untilStep(step: string, state: string): Promise<void> {
  await until(`${step} to be ${state}`, 40_000, async () => {
    const rows = await rowsOf<{ step: string; state: string }>(
      stand,
      'SELECT step, state FROM {db}.workflow_steps ORDER BY request, position',
    );
    return rows.some((row) => row.step === step && row.state === state);
  });
}

test('S19: the ERP is away: the request is in the CMMS, the workflow goes on without it, and late news is kept', async () => {
  const folder = temporaryDirectory();
  const files = ['plant.yaml', 'rules.yaml'].map((name) => join(folder, name));
  writeFileSync(files[0] ?? '', JSON.stringify({ plants: [PLANT] }));
  writeFileSync(files[1] ?? '', JSON.stringify(RULES));
  expect(await andon(['apply', ...files], stand.env)).toMatchObject({ code: 0, err: '' });
  await send('event.p1.l1.press', 'guard', { open: true });
  const stock = await commandFor('erp');
  expect(stock).toMatchObject({ verb: 'check-stock', payload: { part: '6205' }, n: 1 });
  await until('the request in the CMMS', 40_000, async () => (await worksAt(stand)).length === 1);
  // Nobody answers for the ERP.
  const call = await commandFor('mail');
  expect(call).toMatchObject({ verb: 'notify', request: stock.request, priority: 'urgent' });
  await answer(call, {});
  await untilStep('call', 'done');
  await answer(stock, { short: 0, available: 4 });
  await untilStep('stock', 'done-late');
  const landed = await rowsOf<{ command: string }>(
    stand,
    "SELECT command FROM {db}.commands WHERE system = 'erp'",
  );
  expect(landed.map(({ command }) => JSON.parse(command))).toEqual([stock]);
}, 240_000);
