/**
 * `npm run nats`: a nats-server with JetStream on this machine alone, to try things on. It need not be on the PATH:
 * set-up may have put it into the cache folder. Further arguments go to it as they are: `npm run nats -- -p 4333`.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
// A terminal sends Ctrl-C to both; whoever ends this process alone, or npm that has started it, ends the server with it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => server.kill('SIGTERM'));
if (process.env.npm_command !== undefined) watchNpm(() => server.kill('SIGTERM'));

/**
 * npm ends on SIGTERM and does not wait for what it runs, through a shell of its own: either may end without the other.
 * @param {() => void} gone
 */
function watchNpm(gone) {
  const shell = process.ppid;
  const npm = parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && parentOf(shell) === npm) return;
    clearInterval(timer);
    gone();
  }, 500);
  timer.unref();
}

/** Undefined where there is no `/proc`, and of a process that has ended. @param {number} pid */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
