import { connect } from '@nats-io/transport-node';
import { runSystems } from '../../../pipelines/systems/systems.ts';
import { quickConfig } from './systems-config.ts';

// The delivery of requests as a process of its own, to be killed. Says what happens as lines of JSON.
const [servers = '', cmms = ''] = process.argv.slice(2);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
await runSystems({
  connection,
  cmms: quickConfig(cmms),
  record: (internalEvent) => console.log(JSON.stringify(internalEvent)),
  signal: ending.signal,
  term: 300,
});
await connection.close();
