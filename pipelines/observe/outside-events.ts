import type { CommandOutcome } from '../../operators/model/command.ts';
import type { StuckPlace } from '../../sinks/remote/outcome.ts';
import { again, counter, eventKind, gauge } from './event-kind.ts';

const CONNECTED = ['connected', '1 while the connection to a server is there.'] as const;

const RESERVATIONS = [
  'missing_reservations',
  'Open requests with a part that is not reserved.',
] as const;

const DOOR = [
  'cmms_door_wrong',
  '1 while something else answers than the CMMS: a gateway, a log-in, a wrong address.',
] as const;

/** Internal events of servers, child processes and requests on their way. A new kind is one entry here. */
export const OUTSIDE_EVENTS = {
  /** `version`: empty where it is not asked for again. */
  connected: eventKind<{ server: string; version: string }>(
    'info',
    (e) => `${e.server} answers${e.version === '' ? '' : `, version ${e.version}`}`,
    gauge(...CONNECTED, () => 1, ['server']),
  ),
  disconnected: eventKind<{ server: string; reason: string }>(
    'warn',
    (e) => `${e.server} is away: ${e.reason}`,
    gauge(...CONNECTED, () => 0, ['server']),
    counter('disconnections_total', 'Times that a server went away.', ['server']),
  ),
  'child-started': eventKind<{ name: string; pid: number }>(
    'debug',
    (e) => `${e.name} is process ${e.pid}`,
  ),
  'child-ready': eventKind<{ name: string; pid: number; after: number }>(
    'info',
    (e) => `${e.name} is ready after ${e.after} ms`,
    counter('child_starts_total', 'Starts of a child process that succeeded.', ['name']),
  ),
  'child-line': eventKind<{ name: string; line: string }>('debug', (e) => `${e.name}: ${e.line}`),
  'child-exited': eventKind<{ name: string; reason: string; again: number | undefined }>(
    (e) => (e.again === undefined ? 'info' : 'warn'),
    (e) => `${e.name} ended (${e.reason})${again(e.again)}`,
    counter('child_exits_total', 'Ends of a child process.', ['name']),
  ),
  'console-started': eventKind<{ url: string }>('info', (e) => `the console is at ${e.url}`),
  'console-defect': eventKind<{ request: string; error: Error }>(
    'error',
    (e) => `request ${e.request} failed: ${e.error.stack ?? e.error.message}`,
    counter('console_defects_total', 'Requests that the console failed to answer.'),
  ),
  'sign-on-failed': eventKind<{ reason: string; error: Error }>(
    'warn',
    (e) => `somebody did not get in by the provider (${e.reason}): ${e.error.message}`,
    counter('sign_on_failures_total', 'Sign-ins by the provider that failed.', ['reason']),
  ),
  'name-not-entered': eventKind<{ id: string; error: Error }>(
    'warn',
    (e) => `the name of ${e.id} was not entered: ${e.error.message}`,
  ),
  'maintenance-owned': eventKind<{ cmms: string; owner: string; own: boolean }>(
    'info',
    (e) => `${e.own ? 'this process' : e.owner} carries out requests in ${e.cmms}`,
    gauge('maintenance_owner', '1 while this process carries out requests.', (e) => +e.own, [
      'cmms',
    ]),
  ),
  'maintenance-trouble': eventKind<{ where: string; error: Error }>(
    'warn',
    (e) => `${e.where}: ${e.error.message}`,
    counter('maintenance_troubles_total', 'Steps of the delivery of requests that failed.'),
  ),
  'request-settled': eventKind<{
    system: string;
    id: string;
    revision: number;
    how: string;
    remote: string | null;
  }>(
    'info',
    (e) => `request ${e.id} revision ${e.revision} is settled (${e.how}) as ${e.remote ?? 'none'}`,
    counter('requests_settled_total', 'Request revisions that need no more work.', ['how']),
  ),
  'request-delayed': eventKind<{
    system: string;
    id: string;
    revision: number;
    outcome: 'retryable' | 'unknown';
    place: StuckPlace;
    note: string;
    after: number;
  }>(
    'warn',
    (e) => `request ${e.id} revision ${e.revision}, ${e.outcome}: ${e.note}${again(e.after)}`,
    counter('requests_delayed_total', 'Calls that have to be made again.', ['outcome']),
  ),
  'request-rejected': eventKind<{ system: string; id: string; revision: number; note: string }>(
    'error',
    (e) => `request ${e.id} revision ${e.revision} is rejected: ${e.note}. See andon requests`,
    counter('requests_rejected_total', 'Request revisions that were refused for good.'),
  ),
  'cmms-door-wrong': eventKind<{ cmms: string; note: string }>(
    'error',
    (e) => `${e.cmms} is not what answers, requests wait: ${e.note}`,
    gauge(...DOOR, () => 1, ['cmms']),
    counter('cmms_door_wrong_total', 'Times that something else answered than the CMMS.', ['cmms']),
  ),
  'cmms-door-right': eventKind<{ cmms: string }>(
    'info',
    (e) => `${e.cmms} answers again`,
    gauge(...DOOR, () => 0, ['cmms']),
  ),
  'request-doubled': eventKind<{ id: string; remotes: readonly string[] }>(
    'error',
    (e) => `request ${e.id} stands more than once in the CMMS: ${e.remotes.join(', ')}. Close one`,
    counter('requests_doubled_total', 'Requests found more than once in the CMMS.'),
  ),
  'requests-archived': eventKind<{ count: number }>(
    'info',
    (e) => `${e.count} requests that are long over left the outbox and the ledger`,
    counter('requests_archived_total', 'Requests that left outbox and ledger.', [], (e) => e.count),
  ),
  'audit-trouble': eventKind<{ where: string; error: Error }>(
    'warn',
    (e) => `${e.where}: ${e.error.message}`,
    counter('audit_troubles_total', 'Times that the audit stream could not be written or landed.'),
  ),
  'audit-broken': eventKind<{ n: number; expected: string; found: string }>(
    'error',
    (e) => `audit stream, entry ${e.n}: expected ${e.expected}, found ${e.found}`,
    counter('audit_faults_total', 'Entries of the audit stream that do not fit the chain.'),
  ),
  'request-status': eventKind<{ id: string; status: string }>(
    'info',
    (e) => `request ${e.id} is ${e.status}`,
    counter('request_statuses_total', 'Changes of status seen in the CMMS.', ['status']),
  ),
  'order-seen': eventKind<{ system: string; id: string; status: string }>(
    'info',
    (e) => `${e.system} has work order ${e.id} of its own, which is ${e.status}`,
    counter('orders_seen_total', 'Changes of work orders that a system made itself.', ['system']),
  ),
  'order-not-understood': eventKind<{ system: string; remote: string; found: string }>(
    'error',
    (e) => `${e.system}, work order ${e.remote}: ${e.found} is not known: describe it under orders`,
    counter('orders_not_understood_total', 'Work orders that the profile does not place.', [
      'system',
    ]),
  ),
  'difference-count': eventKind<{
    system: string;
    lane: string;
    difference: string;
    count: number;
  }>(
    'debug',
    (e) => `${e.system}, ${e.lane}: ${e.count} ${e.difference}`,
    gauge(
      'system_differences',
      'Differences that the last full comparison found.',
      (e) => e.count,
      [...(['system', 'lane', 'difference'] as const)],
    ),
  ),
  difference: eventKind<{ system: string; difference: string; text: string; mended: boolean }>(
    (e) => (e.mended ? 'info' : 'warn'),
    (e) => `${e.difference}: ${e.text}${e.mended ? '; mended' : ''}`,
  ),
  reconciled: eventKind<{
    system: string;
    lane: string;
    objects: number;
    found: number;
    ended: number;
  }>(
    'info',
    (e) => `${e.system}: ${e.objects} objects of ${e.lane} compared, ${e.found} differences`,
    gauge(
      'reconciled_timestamp_seconds',
      'When both sides were compared last.',
      (e) => e.ended / 1_000,
      [...(['system', 'lane'] as const)],
    ),
  ),
  webhook: eventKind<{ system: string }>(
    'debug',
    (e) => `${e.system} says that something has changed`,
    counter('webhooks_total', 'Webhooks that were believed.', ['system']),
  ),
  'webhook-refused': eventKind<{ system: string; note: string }>(
    'warn',
    (e) => `a webhook in the name of ${e.system} is not believed: ${e.note}`,
    counter('webhooks_refused_total', 'Webhooks without a signature of their system.', ['system']),
  ),
  'webhook-refused-again': eventKind<{ system: string; note: string }>(
    'debug',
    (e) => `another webhook in the name of ${e.system} is not believed: ${e.note}`,
    counter('webhooks_refused_total', 'Webhooks without a signature of their system.', ['system']),
  ),
  'commands-owned': eventKind<{ system: string; owner: string; own: boolean }>(
    'info',
    (e) => `${e.own ? 'this process' : e.owner} carries out commands to ${e.system}`,
    gauge('commands_owner', '1 while this process carries out commands.', (e) => +e.own, [
      'system',
    ]),
  ),
  'command-settled': eventKind<{
    system: string;
    id: string;
    verb: string;
    outcome: CommandOutcome;
    note: string;
  }>(
    (e) => (e.outcome === 'rejected' ? 'error' : e.outcome === 'expired' ? 'warn' : 'info'),
    (e) => `${e.system} ${e.verb} ${e.id} is ${e.outcome}${e.note === '' ? '' : `: ${e.note}`}`,
    counter('commands_settled_total', 'Commands that are over.', ['system', 'outcome']),
  ),
  'command-delayed': eventKind<{
    system: string;
    id: string;
    outcome: 'retryable' | 'unknown';
    place: StuckPlace;
    note: string;
    after: number;
  }>(
    'warn',
    (e) => `${e.system}, command ${e.id}, ${e.outcome}: ${e.note}${again(e.after)}`,
    counter('commands_delayed_total', 'Calls that have to be made again.', ['system', 'outcome']),
  ),
  'command-doubled': eventKind<{ system: string; id: string; remotes: readonly string[] }>(
    'error',
    (e) => `command ${e.id} stands more than once in ${e.system}: ${e.remotes.join(', ')}`,
    counter('commands_doubled_total', 'Commands found more than once in a system.', ['system']),
  ),
  'command-malformed': eventKind<{ subject: string; note: string }>(
    'error',
    (e) => `${e.subject}: ${e.note}`,
    counter('commands_malformed_total', 'Messages of the outbox that are no command.'),
  ),
  'command-state': eventKind<{ system: string; id: string; state: string }>(
    'info',
    (e) => `${e.system}, object of command ${e.id}, is ${e.state}`,
    counter('command_states_total', 'Changes of state seen in a system.', ['system', 'state']),
  ),
  'state-unmapped': eventKind<{ system: string; id: string; word: string }>(
    'error',
    (e) => `${e.system}, command ${e.id}, has the unknown state "${e.word}": add it to state.words`,
    counter('states_unmapped_total', 'States of a system that its profile does not name.', [
      'system',
    ]),
  ),
  'notice-sent': eventKind<{ channel: string; message: string; problems: number }>(
    'info',
    (e) => `a message (${e.message}) about ${e.problems} problems went out by ${e.channel}`,
    counter('messages_sent_total', 'Messages to people that a channel took.', [
      'channel',
      'message',
    ]),
  ),
  'notice-delayed': eventKind<{ channel: string; note: string; after: number }>(
    'warn',
    (e) => `a message by ${e.channel}: ${e.note}${again(e.after)}`,
    counter('messages_delayed_total', 'Messages to people that are tried again.', ['channel']),
  ),
  'notice-failed': eventKind<{ channel: string; message: string; note: string }>(
    'error',
    (e) => `a message (${e.message}) by ${e.channel} was given up: ${e.note}`,
    counter('messages_failed_total', 'Messages to people that a channel did not take.', [
      'channel',
      'message',
    ]),
  ),
  'works-stuck': eventKind<{ place: string; system: string; count: number }>(
    'debug',
    (e) => `${e.count} stuck at ${e.place} ${e.system}`,
    gauge(
      'stuck',
      'Works, or assets with silent signals, by where they are stuck.',
      (e) => e.count,
      [...(['place', 'system'] as const)],
    ),
  ),
  'figures-trouble': eventKind<{ reason: string }>(
    'warn',
    (e) => `figures of works: ${e.reason}`,
    counter('work_figures_failures_total', 'Times that figures of works could not be read.'),
  ),
  'work-figures': eventKind<{
    reservations: number;
    unposted: number;
    late: number;
    stock: number;
    copies: number;
    at: number;
  }>(
    'debug',
    (e) => `${e.reservations} parts not reserved, ${e.unposted} works not posted, ${e.late} late`,
    gauge(...RESERVATIONS, (e) => e.reservations),
    gauge('unposted_works', 'Works that are completed and not fully posted.', (e) => e.unposted),
    gauge('late_postings', 'Those completed 8 hours ago or earlier.', (e) => e.late),
    gauge(
      'stock_age_seconds',
      'Age of the oldest stock figure of an open request.',
      (e) => e.stock,
    ),
    gauge('old_copies', 'Copies of master data that are too old.', (e) => e.copies),
    gauge('work_figures_timestamp_seconds', 'When these were last read.', (e) => e.at / 1_000),
  ),
  'commands-archived': eventKind<{ count: number }>(
    'info',
    (e) => `${e.count} commands that are long over left the outbox and the ledger`,
    counter('commands_archived_total', 'Commands that left outbox and ledger.', [], (e) => e.count),
  ),
  'status-unmapped': eventKind<{ id: string; word: string }>(
    'error',
    (e) => `request ${e.id} has the unknown status "${e.word}": add it to status.words`,
    counter('statuses_unmapped_total', 'Statuses of the CMMS that its description does not name.'),
  ),
};
