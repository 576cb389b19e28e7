/** Servers of OPC UA as processes: node-opcua's own, started, killed and told what its machine says. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../pipelines/base/free-port.ts';
import { createService, type Service } from '../../pipelines/stand/service.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A value by the name of its variable. */
export type PlantValue = {
  readonly name: string;
  readonly value: unknown;
  /** Good, Uncertain, BadSensorFailure, … */
  readonly status?: string;
  /** By the clock of the source, epoch milliseconds. */
  readonly at?: number;
};

export interface OpcuaPlant extends Service {
  readonly port: number;
  /** The certificate that it shows. */
  readonly certificate: string;
  /** Resolves when the server has them. */
  set(...values: readonly PlantValue[]): Promise<void>;
  counts(): Promise<Readonly<Record<string, number>>>;
}

export async function createOpcuaPlant(
  env: Readonly<Record<string, string>> = {},
): Promise<OpcuaPlant> {
  const [port, http] = [await freePort(), await freePort()];
  const folder = temporaryDirectory();
  const program = fileURLToPath(new URL('./opcua-plant.ts', import.meta.url));
  const url = `http://127.0.0.1:${http}`;
  const service = createService({
    ...{ name: 'opcua server', command: process.execPath },
    args: ['--import', 'tsx', program],
    env: { ...env, OPCUA_PORT: String(port), HTTP_PORT: String(http), FOLDER: folder },
    // It reads its types from 9 MB of XML, and makes a certificate.
    patience: 170_000,
    async ready(signal) {
      for (;;) {
        signal.throwIfAborted();
        const answer = await fetch(url, { signal }).catch(() => undefined);
        if (answer?.ok === true) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  });
  const ask = async (init: RequestInit = {}) => {
    const answer = await fetch(url, init);
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Record<string, number>;
  };
  return {
    ...service,
    port,
    certificate: join(folder, 'own/certs/certificate.pem'),
    async set(...values) {
      await ask({ method: 'POST', body: JSON.stringify(values) });
    },
    counts: () => ask(),
  };
}
