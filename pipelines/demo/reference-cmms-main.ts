import { parseArgs } from 'node:util';
import { serveReferenceCmms } from './reference-cmms/serve.ts';

// The reference CMMS as a process of its own.
const { values } = parseArgs({
  options: {
    journal: { type: 'string', default: 'reference-cmms.ndjson' },
    port: { type: 'string', default: '0' },
    token: { type: 'string' },
  },
});
await serveReferenceCmms(values);
