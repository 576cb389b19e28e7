import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../pipelines/base/free-port.ts';
import type { NatsSettings } from '../../../pipelines/nats/connection-options.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { createPublisher } from '../../../pipelines/nats/publisher.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { certificateAuthority } from '../../support/certificates.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const authority = certificateAuthority('works');
const stranger = certificateAuthority('elsewhere');
const gateway = authority.issue('gateway', ['gateway']);

let server: TestNats | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Connects with the settings and makes a stream; refused, it rejects with what a person would read. */
async function lets(
  settings: Omit<NatsSettings, 'name' | 'servers'>,
  servers = server!.url,
  patience: number | 'wait' = 'wait',
) {
  const connection = await connectNats({ ...settings, servers, name: 'test', patience });
  const { config } = await ensurePartition(connection, { partition: 0, partitions: 1 });
  await connection.close();
  return config.name;
}

function seedFile(text: string): string {
  const path = join(temporaryDirectory(), 'user.nk');
  writeFileSync(path, text);
  return path;
}

describe('while nobody answers', () => {
  /** What is reported until so many attempts have failed. */
  async function reports(remindEvery: number | undefined, most: number) {
    const stop = new AbortController();
    const told: string[] = [];
    let attempts = 0;
    const port = await freePort();
    // The signal is asked before every attempt.
    const settings = { servers: `127.0.0.1:${port}`, name: 'test', patience: 'wait' as const };
    const waiting = connectNats({
      ...settings,
      ...(remindEvery === undefined ? {} : { remindEvery }),
      get signal() {
        attempts += 1;
        if (attempts > 4 || told.length >= most) stop.abort(new Error('enough'));
        return stop.signal;
      },
      onStatus: ({ type }) => void told.push(type),
    });
    await expect(waiting).rejects.toThrow('enough');
    return told;
  }

  test('that is reported once, and not with every attempt', async () => {
    expect(await reports(undefined, 2)).toEqual(['absent']);
  });

  test('and again when it lasts', async () => {
    expect(await reports(0, 3)).toEqual(['absent', 'absent', 'absent']);
  });
});

describe('with an nkey', () => {
  const user = nkeys.createUser();
  const text = new TextDecoder().decode(user.getSeed());
  beforeAll(() => expect(text).toMatch(/^SU/));

  test('the one the server knows is let in, another one and none are refused at once', async () => {
    server = await startNats({
      config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
    });
    expect(await lets({ nkey: seedFile(`${text}\n`) })).toBe('ANDON_0');
    const other = new TextDecoder().decode(nkeys.createUser().getSeed());
    const refusal = /expected to be let in, found .*Authorization.*an nkey/i;
    await expect(lets({ nkey: seedFile(other) })).rejects.toThrow(refusal);
    await expect(lets({})).rejects.toThrow(refusal);
  });

  test('a file that holds no seed of a user is named before anything is tried', async () => {
    const account = new TextDecoder().decode(nkeys.createAccount().getSeed());
    for (const wrong of ['', 'SUnothing', account, user.getPublicKey()]) {
      const path = seedFile(wrong);
      const refused = lets({ nkey: path }, 'nats://127.0.0.1:1');
      await expect(refused).rejects.toThrow(`expected the nkey seed of a user (SU…) in ${path}`);
    }
  });
});

/** A server that shows this certificate, and asks for one if asked to. */
async function withTls(shown: { certificate: string; privateKey: string }, more = '') {
  const { certificate, privateKey } = shown;
  server = await startNats({
    config: `tls { cert_file: "${certificate}", key_file: "${privateKey}", ${more} }`,
  });
  return server.port;
}

describe('with TLS', () => {
  const ca = authority.certificate;

  test('a server of the named authority is trusted, by its name and by its number', async () => {
    const port = await withTls(authority.issue('nats', ['localhost', '127.0.0.1']));
    expect(await lets({ tls: { ca } }, `tls://localhost:${port}`)).toBe('ANDON_0');
    expect(await lets({ tls: { ca } }, `127.0.0.1:${port}`)).toBe('ANDON_0');
  });

  test('the log is read ahead of the client as it is in the clear', async () => {
    const port = await withTls(authority.issue('nats', ['localhost']));
    const servers = `tls://localhost:${port}`;
    const connection = await connectNats({ servers, name: 'test', tls: { ca }, patience: 'wait' });
    try {
      await ensurePartition(connection, { partition: 0, partitions: 1 });
      const publisher = createPublisher(connection, { run: 'test' });
      const payload = Buffer.from('a');
      for (let count = 0; count < 1_000; count += 1) {
        await publisher.publish({ subject: 'telemetry.plant.line.asset', payload });
      }
      await publisher.flush();
      publisher.close();
      const before = connection.stats().inMsgs;
      const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
      for (let last = 0; last < 1_000; ) {
        const { messages } = await log.pull(1_000, 1_000, new AbortController().signal);
        last = messages.at(-1)?.sequence ?? last;
      }
      await log.close();
      expect(connection.stats().inMsgs - before).toBeLessThan(300);
    } finally {
      await connection.close();
    }
  });

  test('a server that nobody known has signed is not', async () => {
    const port = await withTls(authority.issue('nats', ['localhost']));
    const remedy = /expected a TLS connection that both sides trust.*NATS_CA/;
    for (const tls of [{}, { ca: stranger.certificate }]) {
      await expect(lets({ tls }, `tls://localhost:${port}`)).rejects.toThrow(remedy);
    }
  });

  test('a certificate of another host is not, though it is for localhost and we ask by number', async () => {
    const port = await withTls(authority.issue('nats', ['localhost', 'nats.works.example']));
    const refused = lets({ tls: { ca } }, `tls://127.0.0.1:${port}`);
    await expect(refused).rejects.toThrow(/127\.0\.0\.1.*Address the server by a name/s);
  });

  test('an expired one is not', async () => {
    const port = await withTls(authority.issue('nats', ['localhost'], [-20, -10]));
    const refused = lets({ tls: { ca } }, `tls://localhost:${port}`);
    await expect(refused).rejects.toThrow(/certificate has expired.*Renew the certificate/);
  });

  test('tls:// never goes on in the clear', async () => {
    server = await startNats();
    const refused = lets({}, server.url.replace('nats:', 'tls:'));
    await expect(refused).rejects.toThrow(/does not support 'tls'.*leave out tls:\/\//);
  });

  test('a server that asks for a certificate lets in who has one of its authority', async () => {
    const shown = authority.issue('nats', ['localhost']);
    const port = await withTls(shown, `ca_file: "${ca}", verify: true`);
    const url = `tls://localhost:${port}`;
    expect(await lets({ tls: { ca, ...gateway } }, url)).toBe('ANDON_0');
    // Told after five seconds, by silence: both at once.
    const other = stranger.issue('gateway', ['gateway']);
    const refusals = [{ ca }, { ca, ...other }].map((tls) =>
      expect(lets({ tls }, url, 1)).rejects.toThrow(/does not greet\. If .*NATS_CERT, NATS_KEY/),
    );
    await Promise.all(refusals);
  });

  test('files that cannot be used are named before anything is tried', async () => {
    const nobody = 'tls://127.0.0.1:1';
    const { certificate, privateKey } = gateway;
    const other = stranger.privateKey;
    await expect(lets({ tls: { ca: '/no/ca.pem' } }, nobody)).rejects.toThrow(/CA.*\/no\/ca\.pem/);
    await expect(lets({ tls: { certificate } }, nobody)).rejects.toThrow(/the certificate alone/);
    const swapped = lets({ tls: { ca: seedFile('none'), certificate, privateKey } }, nobody);
    await expect(swapped).rejects.toThrow(/CA certificates in PEM form in .*found no BEGIN line/);
    const foreign = lets({ tls: { certificate, privateKey: other } }, nobody);
    await expect(foreign).rejects.toThrow(/belong together/);
  });
});
