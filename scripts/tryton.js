/**
 * Finds Tryton, or installs it into the cache folder: an ERP that scenarios and the demo can run against. Its packages come
 * from PyPI into a virtual environment of their own, without root. The empty database with all modules is made once and
 * kept. Node built-ins alone. Run by itself it installs: exit 0 when it is there, 3 when it cannot be had (with --optional 0).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from './nats-server.js';

/** Of PyPI. What they ask for themselves comes with them. */
const PACKAGES = [
  ...['trytond==8.2.1', 'trytond-stock==8.2.1', 'trytond-account==8.2.1'],
  ...[
    ...['stock-supply', 'stock-lot', 'purchase-request', 'purchase-requisition', 'production'],
    ...['production-work', 'production-routing', 'production-work-timesheet', 'timesheet'],
    ...['timesheet-cost', 'sale', 'sale-supply', 'purchase-request-quotation', 'quality'],
    ...['analytic-purchase', 'account-stock-continental'],
  ].map((name) => `trytond-${name}==8.2.0`),
];
/** What they depend on is switched on with them. */
const MODULES = [
  ...['stock_supply', 'stock_lot', 'purchase_requisition', 'purchase_request_quotation'],
  ...['production_work_timesheet', 'timesheet_cost', 'sale_supply', 'quality'],
  ...['analytic_purchase', 'account_stock_continental'],
];

/** The user that every new database has, and its password here: the database is of a trial and listens on loopback alone. */
export const TRYTON_ADMIN = { user: 'admin', password: 'reference-admin' };

/** @param {NodeJS.ProcessEnv} env */
function folder(env) {
  return join(cacheFolder(env), 'tryton-8.2');
}

/**
 * The Python that has it, its server, and an empty database with all modules. Undefined if it is not installed, or not to its
 * end.
 * @returns {{ python: string; server: string; database: string } | undefined}
 */
export function findTryton(env = process.env) {
  const bin = join(folder(env), 'venv', 'bin');
  const database = join(folder(env), 'modules.sqlite');
  return existsSync(database)
    ? { python: join(bin, 'python'), server: join(bin, 'trytond'), database }
    : undefined;
}

/** What to do when it is missing. */
export const TRYTON_REMEDY =
  'Run node scripts/tryton.js: it needs python3 (3.10 or newer, with venv) and PyPI within reach.';

/**
 * Installs it. Throws with what did not go. Says each step through `say`.
 * @param {(line: string) => void} say
 */
export function installTryton(say, env = process.env) {
  const root = folder(env);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const python = join(root, 'venv', 'bin', 'python');
  say(`installing Tryton 8.2 from PyPI into ${root}`);
  run('python3', ['-m', 'venv', join(root, 'venv')], root);
  run(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
    root,
  );
  say('making its database: a minute');
  writeFileSync(join(root, 'trytond.conf'), `[database]\nuri = sqlite://\npath = ${root}\n`);
  writeFileSync(join(root, 'password'), TRYTON_ADMIN.password, { mode: 0o600 });
  writeFileSync(join(root, 'making.sqlite'), '');
  const admin = [join(root, 'venv', 'bin', 'trytond-admin'), '-c', 'trytond.conf', '-d', 'making'];
  run(python, [...admin, '--all', '--email', 'admin@plant.example'], root);
  run(python, [...admin, '-u', ...MODULES, '--activate-dependencies'], root);
  // The name that it is found by comes last: whatever ends this before leaves nothing that looks whole.
  renameSync(join(root, 'making.sqlite'), join(root, 'modules.sqlite'));
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  const done = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TRYTONPASSFILE: join(cwd, 'password') },
  });
  if (done.status === 0) return;
  const reason = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  throw new Error(
    `Tryton is missing and could not be installed (${command} ${args.slice(0, 4).join(' ')}: ${reason || `exit code ${done.status}`}). ${TRYTON_REMEDY}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    if (findTryton() === undefined) installTryton((line) => console.error(`tryton: ${line}`));
  } catch (error) {
    console.error(`tryton: ${error instanceof Error ? error.message : String(error)}`);
    // Scenarios run without it, and say which of them did not.
    process.exitCode = process.argv.includes('--optional') ? 0 : 3;
  }
}
