import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { nativeFrames } from '../../sinks/clickhouse/warehouse/native-frames.ts';
import { type StartedWarehouse, startWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { tries } from '../support/long.ts';
import { type Chance, chanceOf, oneOf } from './warehouse-attempts.ts';

// Requests of bytes that were changed, between requests that are right and whose answers are looked at.

const SEED = Number(process.env.ANDON_SEED ?? 20_261_130);
/** Milliseconds that a request may take, where the server answers others meanwhile. */
const HANG = 2_000;
/** Bytes that the process may gain by all of it. */
const MORE_MEMORY = 400_000_000;

let warehouse: StartedWarehouse;
let port: number;
beforeAll(async () => {
  warehouse = await startWarehouse();
  port = Number(new URL(warehouse.url).port);
});

/** A request that is right, and what is answered. */
type Right = { readonly bytes: Buffer; readonly body: string };

async function right(chance: Chance): Promise<Right> {
  const n = chance.below(1_000_000);
  const sql = oneOf(chance, [`SELECT ${n}`, `SELECT ${n} + 0`, `SELECT toUInt32('${n}')`]);
  const password = warehouse.readerPassword;
  const who = oneOf(chance, [
    { query: { user: 'analyst', password }, headers: {} },
    { query: {}, headers: { 'X-ClickHouse-User': 'analyst', 'X-ClickHouse-Key': password } },
    {
      query: {},
      headers: {
        Authorization: `Basic ${Buffer.from(`analyst:${password}`).toString('base64')}`,
      },
    },
  ]);
  const plain = { query: who.query, headers: who.headers, body: Buffer.from(sql) };
  const framed = async () => {
    const frames = nativeFrames();
    frames.end(sql);
    return Buffer.concat(await frames.toArray());
  };
  const form = `--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n${sql}\r\n--b--\r\n`;
  switch (chance.below(7)) {
    case 0:
      return request('GET', { ...who.query, query: sql }, who.headers, undefined, `${n}\n`);
    case 1:
      return request('POST', plain.query, plain.headers, plain.body, `${n}\n`);
    case 2: {
      const query = { ...who.query, param_n: String(n) };
      return request('POST', query, who.headers, Buffer.from('SELECT {n:UInt32}'), `${n}\n`);
    }
    case 3: {
      const headers = { ...who.headers, 'Content-Encoding': 'gzip' };
      return request('POST', who.query, headers, gzipSync(sql), `${n}\n`);
    }
    case 4:
      return request(
        'POST',
        { ...who.query, decompress: '1' },
        who.headers,
        await framed(),
        `${n}\n`,
      );
    case 5: {
      const headers = { ...who.headers, 'Content-Type': 'multipart/form-data; boundary=b' };
      return request('POST', who.query, headers, Buffer.from(form), `${n}\n`);
    }
    default: {
      const query = { ...who.query, default_format: 'JSONEachRow' };
      const body = Buffer.from(`SELECT ${n} AS n`);
      return request('POST', query, who.headers, body, `{"n":${n}}\n`);
    }
  }
}

function request(
  method: string,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  body: Buffer | undefined,
  expected: string,
): Right {
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Connection: 'close',
    ...headers,
    ...(body !== undefined && { 'Content-Length': String(body.length) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const path = `/?${new URLSearchParams(query as Record<string, string>)}`;
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return { bytes: Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)]), body: expected };
}

const PIECES = [
  ...[
    '\r\n',
    '\n',
    '\0',
    '\r\n\r\n',
    '%',
    '%00',
    '%ff%fe',
    ' ',
    '\t',
    ':',
    '&',
    '=',
    '?',
    '#',
    '\u00e9',
  ],
  ...['Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\n', 'Content-Length: -1\r\n'],
  ...['Content-Encoding: zstd\r\n', 'Content-Encoding: lz4\r\n', 'Content-Encoding: br\r\n'],
  ...['Content-Encoding: gzip, gzip\r\n', 'Expect: 100-continue\r\n', 'Upgrade: h2c\r\n'],
  ...[
    'Host: evil.example\r\n',
    'X-ClickHouse-Format: ../x\r\n',
    'Content-Type: multipart/form-data\r\n',
  ],
  ...[
    'PUT ',
    'HTTP/1.0',
    'HTTP/2.0',
    '//',
    '/../',
    'ffffffff\r\n',
    '0\r\n\r\n',
    '{x:String}',
    "'",
    '/*',
  ],
  ...[
    '&session_id=a&session_timeout=x',
    '&decompress=1',
    '&compress=1',
    '&client_protocol_version=999999',
  ],
  ...[
    '&wait_end_of_query=1',
    '&enable_http_compression=1',
    '&param_=',
    '&max_threads=-1',
    '&limit=x',
  ],
];

/** The same with some bytes changed. */
function changed(chance: Chance, bytes: Buffer): Buffer {
  let text = bytes;
  for (let more = 1 + chance.below(4); more > 0; more -= 1) {
    const at = chance.below(text.length + 1);
    const to = Math.min(text.length, at + chance.below(20));
    const [before, cut, after] = [text.subarray(0, at), text.subarray(at, to), text.subarray(to)];
    const piece = Buffer.from(oneOf(chance, PIECES));
    const noise = Buffer.from(
      Array.from({ length: 1 + chance.below(30) }, () => chance.below(256)),
    );
    const flipped = Buffer.from(cut.map((byte) => byte ^ (1 << chance.below(8))));
    const parts = oneOf(chance, [
      [before, piece, after],
      [before, cut, piece, after],
      [before, noise, after],
      [before, flipped, after],
      [before, cut, cut, cut, after],
      [before, after],
      [before],
      [after, before],
      [before, Buffer.alloc(chance.below(30_000), 'x'), after],
      [text, text],
    ]);
    text = Buffer.concat(parts);
  }
  return text;
}

/** What is answered until the connection closes. Who has said everything half closes it, unless an answer comes first. */
function sent(bytes: Buffer, halfCloses: boolean): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (halfCloses) setTimeout(() => socket.end(), 30);
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset is an answer too.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** Throws if a request is not over in time although others are answered meanwhile. */
async function inTime<T>(work: Promise<T>, said: string): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  for (let looks = 0; looks < 2; looks += 1) {
    await Promise.race([done, pause(HANG)]);
    if (over) return done;
    // A busy machine holds up this as well.
    await (await fetch(`${warehouse.url}/ping`, { signal: AbortSignal.timeout(20_000) })).text();
  }
  throw new Error(`a request hangs: ${said}`);
}

const resident = () =>
  1_000 *
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${warehouse.pid()}/status`, 'utf8'))?.[1]);

test('changed requests end, and right ones are answered meanwhile', {
  timeout: 2_400_000,
}, async () => {
  const count = tries(400, 10_000);
  const chance = chanceOf(SEED);
  const [pid, before] = [warehouse.pid(), resident()];
  let rights = 0;
  let answered = 0;
  for (let done = 0; done < count; done += 10) {
    const batch = await Promise.all(Array.from({ length: 10 }, () => right(chance)));
    await Promise.all(
      batch.map(async ({ bytes, body }, at) => {
        const isRight = at % 3 === 0;
        rights += isRight ? 1 : 0;
        const given = isRight ? bytes : changed(chance, bytes);
        const said = `seed ${SEED}: ${JSON.stringify(given.toString('latin1').slice(0, 2_000))}`;
        const answer = (await inTime(sent(given, !isRight), said)).toString();
        if (isRight) {
          expect(answer, said).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
          const chunk = `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
          expect(answer.slice(answer.indexOf('\r\n\r\n') + 4), said).toBe(chunk);
        } else if (answer !== '') {
          answered += 1;
          expect(answer, said).toMatch(/^HTTP\/1\.1 (?:100|200|204|4\d\d|50[0-35])/);
        }
      }),
    );
  }
  expect(rights / count).toBeGreaterThanOrEqual(0.3);
  expect(answered).toBeGreaterThan(count / 10);
  expect(warehouse.pid()).toBe(pid);
  process.kill(pid, 0);
  expect(resident() - before).toBeLessThan(MORE_MEMORY);
});
