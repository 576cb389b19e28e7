import { createMailSystem } from '../../sinks/remote/mail.ts';
import { createRestSystem } from '../../sinks/remote/rest-system.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import type { System } from '../../sinks/remote/system.ts';
import type { SystemConfig } from '../../sinks/remote/system-config.ts';
import { createFileDoor } from './file-door.ts';

/** A system as its profile describes it. Throws when a secret is not there. */
export function createSystem(config: SystemConfig, environment: Environment): System {
  switch (config.kind) {
    case 'http':
      return createRestSystem(config, environment);
    case 'mail':
      return createMailSystem(config, environment);
    case 'files':
      return createFileDoor(config);
  }
}
