import { again, kind } from './internal-event-kind.ts';
import { counter, gauge } from './metrics.ts';

const CONNECTED = ['connected', '1 while the connection to a server is there.'] as const;

/** What happens with servers, child processes and requests on their way. A new internalEvent is one entry here. */
export const OUTSIDE_EVENTS = {
  connected: kind<{ server: string; version: string }>(
    'info',
    (h) => `${h.server} answers, version ${h.version}`,
    gauge(...CONNECTED, () => 1, ['server']),
  ),
  disconnected: kind<{ server: string; reason: string }>(
    'warn',
    (h) => `${h.server} is away: ${h.reason}`,
    gauge(...CONNECTED, () => 0, ['server']),
    counter('disconnections_total', 'Times that a server went away.', ['server']),
  ),
  'child-started': kind<{ name: string; pid: number }>(
    'debug',
    (h) => `${h.name} is process ${h.pid}`,
  ),
  'child-ready': kind<{ name: string; pid: number; after: number }>(
    'info',
    (h) => `${h.name} is ready after ${h.after} ms`,
    counter('child_starts_total', 'Starts of a child process that succeeded.', ['name']),
  ),
  'child-line': kind<{ name: string; line: string }>('debug', (h) => `${h.name}: ${h.line}`),
  'child-exited': kind<{ name: string; reason: string; again: number | undefined }>(
    (h) => (h.again === undefined ? 'info' : 'warn'),
    (h) => `${h.name} ended (${h.reason})${again(h.again)}`,
    counter('child_exits_total', 'Ends of a child process.', ['name']),
  ),
  'maintenance-owned': kind<{ owner: string; own: boolean }>(
    'info',
    (h) => (h.own ? 'this process carries out requests' : `${h.owner} carries out requests`),
    gauge('maintenance_owner', '1 while this process carries out requests.', (h) => +h.own),
  ),
  'maintenance-trouble': kind<{ where: string; error: Error }>(
    'warn',
    (h) => `${h.where}: ${h.error.message}`,
    counter('maintenance_troubles_total', 'Steps of the maintenance pipeline that failed.'),
  ),
  'request-settled': kind<{ id: string; revision: number; how: string; remote: string | null }>(
    'info',
    (h) => `request ${h.id} revision ${h.revision} is settled (${h.how}) as ${h.remote ?? 'none'}`,
    counter('requests_settled_total', 'Request revisions that need no more work.', ['how']),
  ),
  'request-delayed': kind<{
    id: string;
    revision: number;
    outcome: 'retryable' | 'unknown';
    note: string;
    after: number;
  }>(
    'warn',
    (h) => `request ${h.id} revision ${h.revision}, ${h.outcome}: ${h.note}${again(h.after)}`,
    counter('requests_delayed_total', 'Calls that have to be made again.', ['outcome']),
  ),
  'request-rejected': kind<{ id: string; revision: number; note: string }>(
    'error',
    (h) => `request ${h.id} revision ${h.revision} is rejected: ${h.note}. See andon requests`,
    counter('requests_rejected_total', 'Request revisions that were refused for good.'),
  ),
  'request-doubled': kind<{ id: string; remotes: readonly string[] }>(
    'error',
    (h) => `request ${h.id} stands more than once in the CMMS: ${h.remotes.join(', ')}. Close one`,
    counter('requests_doubled_total', 'Requests found more than once in the CMMS.'),
  ),
  'request-status': kind<{ id: string; status: string }>(
    'info',
    (h) => `request ${h.id} is ${h.status}`,
    counter('request_statuses_total', 'Changes of status seen in the CMMS.', ['status']),
  ),
  'status-unmapped': kind<{ id: string; word: string }>(
    'error',
    (h) => `request ${h.id} has the unknown status "${h.word}": add it to status.words`,
    counter('statuses_unmapped_total', 'Statuses of the CMMS that its description does not name.'),
  ),
};
