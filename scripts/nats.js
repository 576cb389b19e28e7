/**
 * `npm run nats`: a nats-server with JetStream on this machine alone, to try things on. It need not be on the PATH:
 * set-up may have put it into the cache folder. Further arguments go to it as they are: `npm run nats -- -p 4333`.
 */
import { spawn } from 'node:child_process';
import { findNatsServer, NATS_SERVER_REMEDY } from './nats-server.js';

await import('./setup.js');

const options = ['-a', '127.0.0.1', '-js', '-sd', '.andon/nats', ...process.argv.slice(2)];
const server = spawn(findNatsServer() ?? 'nats-server', options, { stdio: 'inherit' });
server.once('error', ({ message }) => {
  console.error(`nats: ${message}. ${NATS_SERVER_REMEDY}`);
  process.exitCode = 3;
});
server.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
// A terminal sends Ctrl-C to both; whoever ends this process alone ends the server with it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => server.kill('SIGTERM'));
