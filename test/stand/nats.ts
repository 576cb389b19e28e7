import type { NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../../pipelines/base/free-port.ts';
import { type NatsService, natsService } from '../../pipelines/stand/nats-server.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A real nats-server with JetStream, of this test alone. */
export interface TestNats extends NatsService {
  /** Starts it again on the same port and store, after `kill` or `stop`; by itself it stops first. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
}

/** Starts a nats-server on a free port. `config`: more lines of its configuration, as `authorization { token: t }`. */
export async function startNats(
  options: { config?: string; store?: string; jetstream?: string } = {},
): Promise<TestNats> {
  const { store = temporaryDirectory(), config = '', jetstream = '' } = options;
  const service = natsService({ port: await freePort(), store, config, jetstream });
  const signal = (name: NodeJS.Signals) => {
    const pid = service.pid();
    if (pid !== undefined) process.kill(pid, name);
  };
  await service.start();
  return {
    ...service,
    async restart() {
      await service.stop();
      await service.start();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** The same connection, whose next question on a subject with this in it fails. */
export function failingOnce(connection: NatsConnection, what: string): NatsConnection {
  let failed = false;
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...asked: unknown[]) => {
        if (name === 'request' && !failed && String(asked[0]).includes(what)) {
          failed = true;
          return Promise.reject(new Error('the server has just gone'));
        }
        return Reflect.apply(value, target, asked);
      };
    },
  });
}
