import { parseArgs } from 'node:util';
import { startReferenceCmms } from './reference-cmms.ts';

/** Runs the reference CMMS as a process of its own: prints its address as one line of JSON, ends on SIGTERM. */
const { values } = parseArgs({
  options: {
    journal: { type: 'string' },
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    token: { type: 'string' },
  },
});
if (values.journal === undefined) {
  console.error(
    'expected --journal <file>, found none: name the file that keeps the work requests',
  );
  process.exit(2);
}
const cmms = await startReferenceCmms({
  journal: values.journal,
  port: Number(values.port),
  host: values.host,
  ...(values.token === undefined ? {} : { token: values.token }),
});
console.log(JSON.stringify({ url: cmms.url }));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void cmms.close());
}
