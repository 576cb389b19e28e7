import { connect } from '@nats-io/transport-node';
import { runSystems } from '../../../pipelines/systems/systems.ts';
import { quickErp } from './erp-config.ts';
import { quickConfig } from './systems-config.ts';

// Requests to a CMMS, or commands to an ERP, carried out by a process of its own, to be killed. Says what happens as lines of JSON.
const [servers = '', system = '', url = ''] = process.argv.slice(2);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
await runSystems({
  connection,
  ...(system === 'erp' ? { systems: [quickErp(url)] } : { cmms: quickConfig(url) }),
  record: (internalEvent) => console.log(JSON.stringify(internalEvent)),
  signal: ending.signal,
  term: 300,
});
await connection.close();
