/**
 * The configuration of nats-server that holds the table of roles: an account for the log, one for each plant, and one for
 * each role that reads beside it. What leaves an account is exported to it and imported by it, subject by subject. So the
 * reply subject of a message means something in the sender's own account only, and there nobody listens.
 */

import { installedSubject, plainSubject } from '../../sinks/installation.ts';
import { type LeafUser, leafUserLine } from './leaf-config.ts';
import { mappingLines } from './partition.ts';
import {
  type Extent,
  IMPORTED_DOMAIN,
  inboxOf,
  LOG_ACCOUNT,
  type LogUser,
  needsDomain,
  publishedBy,
} from './permissions.ts';

export type KeyedUser = LogUser & {
  /** Public nkey, `U…`. */
  readonly key: string;
};

export type ServerConfigOptions = Extent & {
  readonly users: readonly KeyedUser[];
  /** Folder with server-cert.pem, server-key.pem and ca.pem; `false`: everything in the clear. */
  readonly tls: string | false;
  /** Port for leaf nodes. */
  readonly leafPort?: number | undefined;
  /** Edges whose leaf nodes are let in. */
  readonly edges?: readonly LeafUser[];
  /** Of JetStream at the centre, as edges ask for it. */
  readonly domain?: string;
};

/** To be included by a nats-server.conf that says where to listen, and where JetStream keeps its files. */
export function serverConfig(options: ServerConfigOptions): string {
  const accounts = accountsOf(options.users);
  const others = [...accounts.keys()].filter((account) => account !== LOG_ACCOUNT);
  return [
    '# Made by andon nats-config: who may what on the log. Include it in nats-server.conf, beside listen and jetstream.',
    ...LIMITS,
    ...tls(options.tls),
    ...leafnodes(options),
    '',
    'accounts {',
    ...[...accounts].flatMap(([account, users]) => accountLines(account, users, options)),
    '}',
    '',
    ...(others.length === 0 ? [] : howToLogIn(options)),
  ].join('\n');
}

function accountsOf(users: readonly KeyedUser[]): ReadonlyMap<string, readonly KeyedUser[]> {
  const accounts = new Map<string, KeyedUser[]>([[LOG_ACCOUNT, []]]);
  for (const user of users) {
    const of = accounts.get(user.account) ?? [];
    of.push(user);
    accounts.set(user.account, of);
  }
  return accounts;
}

/** What one connection, and one account of plants, may take of the server. */
const LIMITS: readonly string[] = [
  'max_connections: 1000',
  'max_subscriptions: 200',
  'max_payload: 8MB',
  'max_pending: 64MB',
  'max_control_line: 4KB',
  'write_deadline: "10s"',
  // Two seconds are too few for a process that is just starting on a busy machine.
  'authorization { timeout: 10 }',
];
const ACCOUNT_LIMITS =
  '    limits: { max_connections: 100, max_subscriptions: 5000, max_payload: 8388608 }';

function tls(folder: string | false): readonly string[] {
  if (folder === false)
    return ['# No TLS: keys are not sent, but everything that is said can be read.'];
  const path = (name: string) => JSON.stringify(`${folder}/${name}.pem`);
  return [
    `tls { cert_file: ${path('server-cert')}, key_file: ${path('server-key')}, ca_file: ${path('ca')}, timeout: 5 }`,
  ];
}

function leafnodes({ leafPort, tls: folder }: ServerConfigOptions): readonly string[] {
  if (leafPort === undefined) return [];
  const [secured = ''] = folder === false ? [] : tls(folder);
  return [`leafnodes { listen: "0.0.0.0:${leafPort}"${secured === '' ? '' : `, ${secured}`} }`];
}

function accountLines(
  account: string,
  users: readonly KeyedUser[],
  options: ServerConfigOptions,
): readonly string[] {
  const own = account === LOG_ACCOUNT;
  return [
    `  ${JSON.stringify(account)} {`,
    ...(own ? ['    jetstream: enabled'] : [ACCOUNT_LIMITS]),
    '    users: [',
    ...users.map((user) => userLine(user, options)),
    ...(own ? edgeLines(options) : []),
    '    ]',
    ...(own
      ? exportLines(options)
      : [...importLines(users, options), ...mappingsOf(users, options)]),
    '  }',
  ];
}

function edgeLines({ edges = [], domain = '', partitions }: ServerConfigOptions) {
  return edges.map((edge) => leafUserLine(edge, { partitions, domain }));
}

function mappingsOf(users: readonly KeyedUser[], options: ServerConfigOptions): readonly string[] {
  const imported = users.flatMap((user) => importsOf(user, options));
  const ofLog = installedSubject(options.prefix, 'andon.');
  if (!imported.some((subject) => subject.startsWith(ofLog))) return [];
  return [
    '    mappings: {',
    ...mappingLines(options.partitions, options.prefix).map((line) => `    ${line}`),
    '    }',
  ];
}

function userLine(user: KeyedUser, options: ServerConfigOptions): string {
  const publish = publishedBy(user, options).map((subject) =>
    user.account === LOG_ACCOUNT ? subject : importedAs(subject),
  );
  const list = (subjects: readonly string[]) =>
    subjects.map((each) => JSON.stringify(each)).join(', ');
  return [
    `      { nkey: ${user.key}, permissions: { # ${user.name}`,
    `          publish: [${list(publish)}]`,
    `          subscribe: [${list([`${inboxOf(user, options)}.>`])}] } }`,
  ].join('\n');
}

/** An account has an API of JetStream of its own, so that of the log's has another name in it. */
function importedAs(subject: string): string {
  const [, request] = /^\$JS\.API\.(.*)$/.exec(subject) ?? [];
  if (request !== undefined) return `$JS.${IMPORTED_DOMAIN}.API.${request}`;
  return subject.startsWith('$KV.') ? `$JS.${IMPORTED_DOMAIN}.API.${subject}` : subject;
}

/**
 * What an account imports: only what the log's streams take, since the mapping has put the partition before it. The assets
 * are the business of each user's permissions; the account is one plant's.
 */
function importsOf(user: KeyedUser, options: ServerConfigOptions): readonly string[] {
  const { prefix } = options;
  const prefixed = publishedBy(user, options)
    .map((subject) => plainSubject(prefix, subject))
    .filter((subject) => !/^[a-z]+\./.test(subject) || /^(?:andon|audit|reason)\./.test(subject));
  return prefixed
    .map((subject) => imported(subject, user))
    .map((subject) => (subject.startsWith('$') ? subject : installedSubject(prefix, subject)));
}

/** Never a subject as it is: a reply subject that is the very name of an import is handed on by nats-server. */
function imported(subject: string, { plant }: KeyedUser): string {
  if (subject.startsWith('audit.')) return subject.replace(/[^.]+$/, '*');
  if (plant === undefined || !subject.startsWith('andon.')) return subject;
  const [, , kind = ''] = subject.split('.');
  const whole = kind === 'model' || kind === 'rules';
  return `andon.*.${kind}.${plant.id}${whole ? '' : '.>'}`;
}

function importLines(users: readonly KeyedUser[], options: ServerConfigOptions): readonly string[] {
  const subjects = new Set(users.flatMap((user) => importsOf(user, options)));
  return [
    '    imports: [',
    ...[...subjects].map((subject) => {
      const to = importedAs(subject);
      const renamed = to === subject ? '' : `, to: ${JSON.stringify(to)}`;
      return `      { service: { account: ${LOG_ACCOUNT}, subject: ${JSON.stringify(subject)} }${renamed} }`;
    }),
    '    ]',
  ];
}

function exportLines(options: ServerConfigOptions): readonly string[] {
  const exported = new Map<string, Set<string>>();
  for (const user of options.users) {
    if (user.account === LOG_ACCOUNT) continue;
    for (const subject of importsOf(user, options)) {
      const to = exported.get(subject) ?? new Set();
      to.add(user.account);
      exported.set(subject, to);
    }
  }
  return [
    '    exports: [',
    ...[...exported].map(([subject, accounts]) => {
      const to = [...accounts].map((account) => JSON.stringify(account)).join(', ');
      return `      { service: ${JSON.stringify(subject)}, accounts: [${to}] }`;
    }),
    '    ]',
  ];
}

/** For people: how each process finds its way in. */
function howToLogIn(options: ServerConfigOptions): readonly string[] {
  const prefix = options.prefix === undefined ? '' : ` NATS_PREFIX=${options.prefix}`;
  return [
    '# How each logs in (nkey: the file with its seed; the same under `nats` in a configuration):',
    ...options.users.map((user) => {
      const domain = needsDomain(user, options) ? ` NATS_DOMAIN=${IMPORTED_DOMAIN}` : '';
      // The id in its permission: under another one nothing is taken.
      const isNamed = user.role === 'engineer' || user.role === 'backup';
      const id = isNamed ? ` ANDON_USER=${user.id}` : '';
      const inbox = inboxOf(user, options);
      return `#   ${user.name}: NATS_NKEY=${user.name}.nk NATS_INBOX=${inbox}${prefix}${domain}${id}`;
    }),
  ];
}
