/** mosquitto, of Debian: where it is not on this machine, its packages are fetched into the cache folder. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../pipelines/base/free-port.ts';
import {
  type Broker,
  installedMosquitto,
  MOSQUITTO_PROGRAM,
  MOSQUITTO_TREE,
  type Mosquitto,
  mosquittoService,
} from '../../pipelines/stand/mosquitto.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { unpackDebian } from './debian.ts';

export type { Broker } from '../../pipelines/stand/mosquitto.ts';

/** With what it needs and no small installation has. */
const PACKAGES = [
  'mosquitto',
  'libwebsockets17',
  'libdlt2',
  'libcjson1',
  'libwrap0',
  'libev4',
  'libuv1',
];

/** Finds it, or fetches it. A sentence says why not. */
export function findMosquitto(): Mosquitto | string {
  const found = installedMosquitto();
  if (typeof found !== 'string' || existsSync(join(MOSQUITTO_TREE, MOSQUITTO_PROGRAM)))
    return found;
  const failed = unpackDebian(MOSQUITTO_TREE, PACKAGES, MOSQUITTO_PROGRAM);
  if (failed === undefined) return installedMosquitto();
  return `mosquitto is not here, and could not be fetched (${failed})`;
}

/** `config`: more lines of its configuration. */
export async function createMosquitto(found: Mosquitto, config = ''): Promise<Broker> {
  return mosquittoService({
    found,
    config,
    folder: temporaryDirectory(),
    port: await freePort(),
  });
}
