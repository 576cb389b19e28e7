import type { NatsSettings } from './connection.ts';

/** Where NATS is and who we are there, from `NATS_URL`, `NATS_USER`, `NATS_PASSWORD`, `NATS_TOKEN`, `NATS_CREDENTIALS`. */
export function natsSettings(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  servers?: string,
): NatsSettings {
  return {
    name,
    servers: (servers ?? env.NATS_URL ?? 'nats://127.0.0.1:4222').split(','),
    user: env.NATS_USER,
    password: env.NATS_PASSWORD,
    token: env.NATS_TOKEN,
    credentials: env.NATS_CREDENTIALS,
  };
}
