import { type Child, startChild } from '../../pipelines/base/child.ts';
import { freePort } from '../../pipelines/base/free-port.ts';
import { natsServer } from '../../pipelines/demo/nats-server.ts';
import { temporaryDirectory } from './temporary.ts';

/** A real nats-server with JetStream, of this test alone. */
export interface TestNats {
  readonly url: string;
  readonly port: number;
  readonly store: string;
  /** What it logged, newest last. */
  readonly log: readonly string[];
  pid(): number | undefined;
  /** Ends it without warning (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port and store, after `kill` or `stop`; by itself it stops first. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Starts a nats-server on a free port. `config`: more lines of its configuration, as `authorization { token: t }`. */
export async function startNats(
  options: { config?: string; store?: string } = {},
): Promise<TestNats> {
  const port = await freePort();
  const store = options.store ?? temporaryDirectory();
  const config = options.config ?? '';
  const { command, args, url, ready } = natsServer({ store, port, config });
  const log: string[] = [];
  let child: Child | undefined;

  async function start(): Promise<void> {
    const started = await startChild({ command, args, onLine: (line) => log.push(line) });
    const over = new AbortController();
    const gone = started.exited.then(() => {
      over.abort();
      throw new Error(`nats-server ended before it was ready:\n${log.slice(-5).join('\n')}`);
    });
    gone.catch(() => undefined);
    await Promise.race([ready(AbortSignal.any([over.signal, AbortSignal.timeout(20_000)])), gone]);
    child = started;
  }
  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const ending = child;
    child = undefined;
    ending?.kill(signal);
    // A frozen process takes SIGTERM only when it wakes up.
    ending?.kill('SIGCONT');
    await ending?.exited;
  }

  await start();
  return {
    url,
    port,
    store,
    log,
    pid: () => child?.pid,
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      await start();
    },
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
  };
}
