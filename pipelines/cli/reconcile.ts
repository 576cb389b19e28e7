import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { readCmmses } from '../../sinks/remote/config.ts';
import { openAuditor } from '../audit/audit.ts';
import { type Config, configOf, type Departures } from '../base/config.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { readSystems } from '../base/system-profiles.ts';
import {
  openReconcileDesk,
  type ReconcileLane,
  type ReconcileReport,
} from '../systems/reconciliation/book.ts';
import { describeReport } from '../systems/reconciliation/report-text.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & {
  readonly mend?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
};

/** Of what a comparison is asked for. */
type Target = { readonly lane: ReconcileLane; readonly system: string };

/** Adds `andon reconcile`. Who carries out the work compares, within the rate of the system; the command asks and waits. */
export function registerReconcile(command: Command): void {
  command
    .argument('[system]', 'only this one; all that are configured without it')
    .option('--mend', 'mend what is safe: send again what is missing, tell the log what it missed')
    .option('--reason <text>', 'why, for the audit stream')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list of reports')
    .addHelpText('after', '\nExit code 7 where something differs that was not mended.')
    .action(async (system: string | undefined, options: Options) => {
      const { mend = false, json = false, reason, ...departures } = options;
      const config = configOf(departures);
      const targets = targetsOf(config, system, departures.config);
      const reports = await withNats(config, 'andon reconcile', async (connection) => {
        const ask = () =>
          Promise.all(targets.map((target) => compareNow(connection, target, mend)));
        if (!mend) return ask();
        const auditor = await openAuditor(connection, { via: 'console', user: config.user });
        const acts = targets.map((target) => {
          return { act: 'reconcile', what: `${target.lane} ${target.system}`, reason };
        });
        return auditor.around(acts, ask);
      });
      if (json) console.log(JSON.stringify(reports, null, 2));
      else console.log(reports.map(describeReport).join('\n\n'));
      const left = reports.some(
        ({ differences, left_off }) => left_off > 0 || differences.some(({ mended }) => !mended),
      );
      if (left) process.exitCode = EXIT.differs;
    });
}

function targetsOf(
  config: Config,
  system: string | undefined,
  file: string | undefined,
): readonly Target[] {
  const all: readonly Target[] = [
    ...readCmmses(config.cmms).map(({ name }) => ({ lane: 'requests', system: name }) as const),
    ...(readSystems(config.systems, file) ?? []).map(({ name }) => {
      return { lane: 'commands', system: name } as const;
    }),
  ];
  const chosen = all.filter((target) => system === undefined || target.system === system);
  if (chosen.length > 0) return chosen;
  throw new Problem({
    expected: 'a system of this installation',
    found:
      system === undefined
        ? 'a configuration without cmms and systems'
        : `"${system}"; there are ${all.map((one) => one.system).join(', ') || 'none'}`,
    remedy: 'Describe it under `cmms` or `systems`, or give the configuration by --config.',
    exit: EXIT.input,
  });
}

/** So long somebody who carries out the work has to take the wish up: milliseconds. */
const PATIENCE = 20_000;
const EVERY = 300;

/** Asks whoever carries out the work of a system, and waits for the report however long the system's rate makes it. */
async function compareNow(
  connection: NatsConnection,
  { lane, system }: Target,
  mend: boolean,
): Promise<ReconcileReport> {
  const desk = await openReconcileDesk(connection, lane, system);
  const id = randomUUID();
  await desk.ask({ id, mend });
  const begun = performance.now();
  for (let taken = false; ; ) {
    const report = await desk.report(id);
    if (report !== undefined) return report;
    taken ||= await desk.isTaken();
    if (!taken && performance.now() - begun > PATIENCE) {
      await desk.withdraw();
      throw new Problem({
        expected: `a worker that carries out ${lane} in ${system}`,
        found: `that nobody took the wish up in ${PATIENCE / 1_000} s`,
        remedy:
          'Start `andon run` with this system in its configuration; it compares within its rate.',
        exit: EXIT.outside,
      });
    }
    await delay(EVERY);
  }
}
