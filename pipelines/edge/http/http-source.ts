/** A source that others push to over HTTP: their request is answered once the log beside the edge has it. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { MalformedError } from '../../../operators/decode/payload.ts';
import { secretOf } from '../../base/config.ts';
import { EXIT, foundInPlace, messageOf, Problem } from '../../base/problem.ts';
import { within } from '../../base/within.ts';
import { tlsContents } from '../../nats/connection-options.ts';
import type { SourceOf } from '../edge-config.ts';
import { type EdgeReason, type Mapper, type MapRule, readingMachine, TAGGED } from '../mapping.ts';
import {
  mappedPortions,
  mapperOf,
  type OpenSource,
  type SourceContext,
  storeAll,
  Unsettled,
} from '../source.ts';
import type { TagReading } from '../tag-reading.ts';
import { createTally, type Tally } from '../tally.ts';
import { decodePush } from './decode-push.ts';
import { decodeRemoteWrite, SERIES_TAG } from './decode-remote-write.ts';

/** Microseconds of a duration in a millisecond. */
const MILLISECOND = 1_000;
/** A key of one request: what a producer counts or makes up. */
const KEY = /^[\x21-\x7e]{1,128}$/;
const SHORTEST_TOKEN = 16;

type Sender = {
  readonly name: string;
  readonly token: () => string;
  readonly machines: ReadonlySet<string>;
};
type Answer = { readonly code: number; readonly body?: object; readonly retry?: number };
type Way = { readonly rule: MapRule; readonly read: (body: Uint8Array) => readonly TagReading[] };

/** Rejects with a `Problem` when the address cannot be listened on, or a file or secret cannot be read. */
export async function openHttpSource(
  source: SourceOf<'http'>,
  context: SourceContext,
): Promise<OpenSource> {
  const push = new PushSource(source, context);
  await push.listen();
  return push;
}

class PushSource implements OpenSource {
  readonly #source: SourceOf<'http'>;
  readonly #context: SourceContext;
  readonly #senders: readonly Sender[];
  readonly #waiting = new Unsettled<() => void>();
  readonly #mapper: Mapper;
  /** Counts for the source, and for the request that is taken in just now: its answer says what did not go up. */
  readonly #counting: Tally;
  #own: Tally | undefined;
  /** One request after the other goes into the log, so that what one of them brought is known. */
  #last: Promise<unknown> = Promise.resolve();
  #server: FastifyInstance | undefined;
  #open = 0;

  constructor(source: SourceOf<'http'>, context: SourceContext) {
    this.#source = source;
    this.#context = context;
    const { tally } = context;
    this.#counting = {
      ...{ took: () => undefined, flush: () => undefined, status: tally.status },
      refuse: (reason, detail) => {
        tally.refuse(reason, detail);
        this.#own?.refuse(reason, detail);
      },
      sent: (bytes) => {
        tally.sent(bytes);
        this.#own?.sent(bytes);
      },
    };
    this.#mapper = mapperOf({ ...context, tally: this.#counting });
    this.#senders = source.http.tokens.map(({ name, token, machines }) => {
      const where = `source ${source.name}: token of ${name}`;
      const current = secretOf(where, token);
      if (current().length < SHORTEST_TOKEN) throw shortToken(where, current().length);
      return { name, token: current, machines: new Set(machines) };
    });
  }

  async listen(): Promise<void> {
    const { name, http } = this.#source;
    const { host, port, body, tls } = http;
    await tlsContents(tls ?? {}, `source ${name}`);
    const { certificate, privateKey } = tls ?? {};
    const files =
      certificate === undefined || privateKey === undefined
        ? null
        : { cert: readFileSync(certificate), key: readFileSync(privateKey) };
    const limits = { bodyLimit: body, requestTimeout: 30_000, connectionTimeout: 120_000 };
    const server = fastify({ forceCloseConnections: true, https: files, ...limits });
    this.#server = server as unknown as FastifyInstance;
    this.#serve(this.#server);
    try {
      await server.listen({ host, port });
    } catch (error) {
      // Whoever only listens is told, and goes on without: the edge itself has the address.
      if (this.#context.listener !== undefined) throw error;
      throw taken(`source ${name}`, `${host}:${port}`, error);
    }
    this.#context.record({ kind: 'source-connected', source: name, kept: false });
  }

  acknowledge(): void {
    for (const answer of this.#waiting.settle(this.#context.memory.stored)) answer();
  }

  get details(): { readonly port: number } {
    const address = this.#server?.server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : 0 };
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #serve(server: FastifyInstance): void {
    const { machine, tag = SERIES_TAG } = this.#source.http.prometheus;
    const apart = new Set(['job', ...labelsIn(machine)]);
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    const ways: Readonly<Record<string, Way>> = {
      '/readings': { rule: TAGGED, read: decodePush },
      '/api/v1/write': {
        rule: { machine, tag, clock: 'source' },
        read: (body) => decodeRemoteWrite(body, apart),
      },
    };
    for (const [path, way] of Object.entries(ways)) {
      server.post(path, async (request, reply) => {
        const isPrometheus = way.rule !== TAGGED;
        const refused = isPrometheus ? versionRefusal(request) : undefined;
        return send(reply, refused ?? (await this.#answer(request, way)), isPrometheus);
      });
    }
    server.setErrorHandler(
      (error: { readonly statusCode?: number; readonly message: string }, _request, reply) =>
        reply.code(error.statusCode ?? 500).send({ error: error.message }),
    );
  }

  async #answer(request: FastifyRequest, way: Way): Promise<Answer> {
    const sender = this.#senderOf(request.headers.authorization);
    if (sender === undefined) {
      return refusal(401, 'expected Authorization: Bearer with a token of this source');
    }
    const key = request.headers['idempotency-key'];
    if (key !== undefined && !(typeof key === 'string' && KEY.test(key))) {
      return refusal(400, 'expected an Idempotency-Key of 1 to 128 letters, digits and signs');
    }
    const { in_flight, answer } = this.#source.http;
    if (this.#open >= in_flight) {
      return { ...refusal(503, `expected fewer than ${in_flight} requests at a time`), retry: 1 };
    }
    this.#open += 1;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const done = this.#last.then(() => this.#take({ sender, key, body, way }));
    this.#last = done.catch(() => undefined);
    const answered = within(
      answer / MILLISECOND,
      done.then(({ wait }) => wait),
    );
    // One that is answered by 503 still waits for its turn, with its body.
    void Promise.allSettled([done, answered]).then(() => {
      this.#open -= 1;
    });
    try {
      return await answered;
    } catch (error) {
      // It may be stored later: whoever sends it again with the same key, or with times, does not double it.
      return { ...refusal(503, `the log did not take it: ${messageOf(error)}`), retry: 5 };
    }
  }

  #senderOf(header: string | undefined): Sender | undefined {
    const [, given = ''] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? [];
    const hash = digest(given);
    // All of them, however soon one fits: how long it takes says nothing.
    const found = this.#senders.filter(({ token }) => timingSafeEqual(hash, digest(token())));
    return found[0];
  }

  /** `wait`: resolves when the log has it. */
  async #take({ sender, key, body, way }: Taking): Promise<{ readonly wait: Promise<Answer> }> {
    const { config, memory, tally, listener } = this.#context;
    tally.took(body.length);
    let readings: readonly TagReading[];
    try {
      readings = way.read(body);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      tally.refuse('malformed', `${sender.name}: ${error.message}`);
      return at(refusal(400, error.message));
    }
    const foreign = readings
      .map((reading) => readingMachine(way.rule, reading, {}))
      .find((machine) => machine !== undefined && !sender.machines.has(machine));
    if (foreign !== undefined) {
      tally.refuse('unknown-machine', `${sender.name} may not speak for ${foreign}`);
      const text = `expected one of the machines of ${sender.name}, found ${foreign.slice(0, 64)}`;
      return at(refusal(403, text));
    }
    const own = createTally(this.#source.name, () => undefined);
    this.#own = own;
    const timed = readings.every(({ time }) => time !== undefined);
    const id = createHash('sha256')
      .update(JSON.stringify([sender.name, key ?? '']))
      .update(body)
      .digest('base64url');
    const messages = mappedPortions(
      this.#mapper,
      { config, id, lasting: timed || key !== undefined },
      [way.rule, readings, {}, Date.now()],
    );
    if (listener !== undefined) {
      return at({ ...refusal(503, 'somebody only listens here: nothing is stored'), retry: 5 });
    }
    const number = await storeAll(
      messages,
      { memory, tally: this.#counting },
      { origin: sender.name },
    );
    const { up_messages: up, refused } = own.status;
    const answer: Answer = {
      code: up === 0 && isRefusal(refused) ? 422 : 200,
      body: { values: readings.length, messages: up, refused },
    };
    const wait = new Promise<Answer>((resolve) => {
      this.#waiting.add(number, () => resolve(answer));
    });
    this.acknowledge();
    return { wait };
  }
}

type Taking = {
  readonly sender: Sender;
  readonly key: string | undefined;
  readonly body: Buffer;
  readonly way: Way;
};

/** What a template names. */
function labelsIn(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name);
}

function at(answer: Answer): { readonly wait: Promise<Answer> } {
  return { wait: Promise.resolve(answer) };
}

/** Whether something did not go up for another reason than that it is there already, says nothing, or was meant to stay. */
function isRefusal(refused: Readonly<Partial<Record<EdgeReason, number>>>): boolean {
  return Object.keys(refused).some((reason) => !AS_MEANT.has(reason as EdgeReason));
}

const AS_MEANT: ReadonlySet<EdgeReason> = new Set(['repeat', 'reduced', 'not-up', 'no-value']);

/** Prometheus sends again what is answered by 5xx, and drops what is answered by 4xx; it wants no content. */
function send(reply: FastifyReply, { code, body, retry }: Answer, isPrometheus: boolean) {
  if (retry !== undefined) reply.header('Retry-After', String(retry));
  if (isPrometheus && code === 200) return reply.code(204).send();
  return reply.code(code).send(body);
}

function versionRefusal({ headers }: FastifyRequest): Answer | undefined {
  const type = headers['content-type'] ?? '';
  const isOther = /proto=(?!prometheus\.WriteRequest)/.test(type);
  if (!isOther && headers['content-encoding'] === 'snappy') return undefined;
  return refusal(415, 'expected remote write 1.0: prometheus.WriteRequest, packed by snappy');
}

function refusal(code: number, error: string): Answer {
  return { code, body: { error } };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function shortToken(where: string, found: number): Problem {
  return new Problem({
    ...{ where, expected: `a token of at least ${SHORTEST_TOKEN} letters`, found: `${found}` },
    remedy: 'Make one: openssl rand -base64 24',
    exit: EXIT.input,
  });
}

function taken(where: string, address: string, cause: unknown): Problem {
  return new Problem(
    {
      ...{ where, expected: `to listen on ${address}`, found: foundInPlace(cause) },
      ...{ remedy: 'Choose another host or port, or end who has it.', exit: EXIT.outside },
    },
    { cause },
  );
}
