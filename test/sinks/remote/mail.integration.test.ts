import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMailSystem } from '../../../sinks/remote/mail.ts';
import { type MailConfig, systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import { exampleCommand } from '../../pipelines/systems/example-command.ts';

let server: SMTPServer;
let received: string[];
/** What becomes of the next messages, once their text was read. */
let answers: (Error | 'cut' | undefined)[];
let refused: string;
const call = { priority: 'delivery', signal: new AbortController().signal } as const;

beforeEach(async () => {
  received = [];
  answers = [];
  refused = '';
  server = new SMTPServer({
    ...{ disabledCommands: ['STARTTLS'], authOptional: true, logger: false },
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'andon' && password === 'secret') done(null, { user: username });
      else done(new Error('who are you?'));
    },
    onRcptTo: ({ address }, _session, done) => {
      done(
        address === refused ? Object.assign(new Error('no such box'), { responseCode: 550 }) : null,
      );
    },
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const answer = answers.shift();
        if (!(answer instanceof Error)) received.push(Buffer.concat(parts).toString());
        if (answer === 'cut') {
          // Taken, and the line is gone before anybody can say so.
          for (const connection of server.connections) connection.close();
          return;
        }
        done(answer ?? null, session.id);
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
});
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

function mail(changes: object = {}) {
  const config = systemConfigSchema.parse({
    ...{ kind: 'mail', name: 'mail', host: '127.0.0.1', tls: 'none' },
    ...{ port: (server.server.address() as AddressInfo).port, from: 'Andon <andon@plant.example>' },
    maps: { role: { supervisor: 'sue@plant.example, tom@plant.example' } },
    verbs: {
      notify: {
        to: '{{payload.role|map:role}}',
        subject: '{{asset_id}}: {{payload.title}}',
        text: 'Request {{request}}\n{{because}}\n',
      },
    },
    timeout: '1s',
    ...changes,
  }) as MailConfig;
  const { verbs } = createMailSystem(config, {});
  const notify = verbs.get('notify');
  return async (payload: object) => {
    const command = exampleCommand({
      ...{ system: 'mail', verb: 'notify', payload: { ...payload } },
    });
    return {
      command,
      outcome: await notify?.create?.({ command, remote: null, values: {} }, call),
    };
  };
}

describe('a message to people', () => {
  it('has what its template says, and an id that is made from the key', async () => {
    const { command, outcome } = await mail()({
      role: 'supervisor',
      title: 'bearing\r\nBcc: x@y.example',
    });
    const id = `<${command.key}@plant.example>`;
    expect(outcome).toMatchObject({ kind: 'ok', value: { remote: id } });
    const [text = ''] = received;
    expect(text).toContain(`Message-ID: ${id}`);
    expect(text).toContain('To: sue@plant.example, tom@plant.example');
    expect(text).toContain('Subject: filler-1: bearing Bcc: x@y.example');
    expect(text).not.toMatch(/^Bcc:/m);
    expect(text).toContain(`Request ${command.request}`);
  });

  it('is sent by whoever logs in', async () => {
    const ok = await mail({ user: 'andon', password: 'secret' })({
      role: 'supervisor',
      title: 't',
    });
    expect(ok.outcome).toMatchObject({ kind: 'ok' });
    const wrong = await mail({ user: 'andon', password: 'old' })({
      role: 'supervisor',
      title: 't',
    });
    expect(wrong.outcome).toMatchObject({ kind: 'retryable', down: true });
    expect(received).toHaveLength(1);
  });

  it.each([
    [Object.assign(new Error('try later'), { responseCode: 451 }), { kind: 'retryable' }],
    [Object.assign(new Error('no spam'), { responseCode: 554 }), { kind: 'rejected' }],
    ['cut' as const, { kind: 'unknown', answered: false }],
  ])('that is answered %s has the outcome that follows from it', async (answer, expected) => {
    answers = [answer];
    const { outcome } = await mail()({ role: 'supervisor', title: 't' });
    expect(outcome).toMatchObject(expected);
  });

  it('to nobody that the server or the profile knows is rejected, and nothing was sent', async () => {
    refused = 'sue@plant.example';
    const one = mail({ maps: { role: { supervisor: refused } } });
    expect((await one({ role: 'supervisor', title: 't' })).outcome).toMatchObject({
      kind: 'rejected',
    });
    const unknown = await mail()({ role: 'nobody', title: 't' });
    expect(unknown.outcome).toMatchObject({
      kind: 'rejected',
      note: expect.stringContaining('maps.role'),
    });
    expect(received).toEqual([]);
  });

  it('waits while no server is there, or one that offers no TLS', async () => {
    const open = await mail({ tls: 'starttls' })({ role: 'supervisor', title: 't' });
    expect(open.outcome).toMatchObject({ kind: 'retryable' });
    const away = await mail({ port: 1 })({ role: 'supervisor', title: 't' });
    expect(away.outcome).toMatchObject({ kind: 'retryable', down: true });
  });

  it('to a server that goes on talking has an end in time, and so has the connection', async () => {
    const open = new Set<Socket>();
    const talker = createServer((socket) => {
      open.add(socket);
      const going = setInterval(() => socket.write('250-still here\r\n'), 50);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(going);
        open.delete(socket);
      });
      socket.write('220 talker ESMTP\r\n');
    });
    talker.listen(0, '127.0.0.1');
    await once(talker, 'listening');
    try {
      const { port } = talker.address() as AddressInfo;
      const sent = mail({ port, timeout: '300ms' })({ role: 'supervisor', title: 't' });
      const ended = await Promise.race([sent, delay(5_000, { outcome: 'still talking' })]);
      expect(ended.outcome).toMatchObject({
        kind: 'unknown',
        note: expect.stringContaining('in time'),
      });
      await expect.poll(() => open.size).toBe(0);
    } finally {
      for (const socket of open) socket.destroy();
      talker.close();
    }
  });
});
