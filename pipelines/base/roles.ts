/**
 * Who may do what: the one table of roles, acts and scopes. What NATS permits (`andon nats-config`), what ClickHouse grants
 * (`andon grants`), the chapter in docs/security.md and the tests are made from it.
 */

/** Every role, and who has it. */
export const ROLES = {
  gateway: 'brings what machines say, for the assets that it is given',
  scheduler: 'an ERP or MES: writes the schedule of lines',
  engineer: 'a person or pipeline that applies plant models and rules',
  worker: 'works a partition: `andon run`',
  requests: 'carries out requests and commands in other systems, and brings their answers back',
  backup: 'takes backups while the workers are stopped: `andon backup`',
  console: 'shows and does what persons ask for; attests who they are',
  person: 'somebody with a key of their own, without a console',
  analyst: 'asks the warehouse',
  'read-only': 'a screen: reads the log and the requests, and changes nothing',
} as const;

export type RoleName = keyof typeof ROLES;

/** How far a grant reaches: the lines, or the plants, that the user was made for; or all of them. */
export type Scope = 'line' | 'plant' | 'installation';

/** What an act needs of the log: subjects that are published, streams and buckets that are read, changed or made. */
export type LogNeed =
  /** First tokens of the subjects that are published. */
  | { readonly publish: readonly string[] }
  /** What is asked of JetStream: streams, buckets of keys, and `checkpoints`, which are objects. */
  | { readonly read: readonly LogStore[] }
  | { readonly change: readonly (Bucket | 'checkpoints')[] }
  | { readonly make: readonly LogStore[] }
  /** Made where there is none; one that is there is never changed. */
  | { readonly create: readonly LogStore[] }
  /** Overwrites single messages. */
  | { readonly erase: readonly LogStore[] }
  /** Takes out what is over. */
  | { readonly purge: readonly LogStore[] }
  /** Copies the whole of a stream or bucket, with its sequences and times. */
  | { readonly snapshot: readonly LogStore[] };

export type Bucket = 'leases' | 'homes' | 'ledger' | 'outcomes' | 'resends' | 'names';
type StreamStore =
  | ('log' | 'outbox' | 'commands' | 'commits' | 'live' | 'audit' | 'reasons')
  /** Pictures that people took; what happens, for subscribers. */
  | ('photos' | 'feed');
/** `checkpoints`: a bucket of objects for each partition. */
export type LogStore = StreamStore | 'checkpoints' | Bucket;

/** Two groups of tables: those of `TABLES_OF_AUDIT`, and all others with the views over them. */
export type TableGroup = 'rows' | 'audit';

/** What an act needs of the warehouse. */
export type TableNeed = {
  readonly select?: readonly TableGroup[];
  readonly insert?: readonly TableGroup[];
  /** CREATE, ALTER and DROP of tables and views. */
  readonly define?: true;
};

type ActDefinition = {
  /** For people. */
  readonly does: string;
  readonly log?: readonly LogNeed[];
  readonly tables?: TableNeed;
};

/** Every act, and what it needs of NATS and of ClickHouse. */
export const ACTS = {
  'send-telemetry': {
    does: 'publish readings and waveforms',
    log: [{ publish: ['telemetry', 'waveform'] }],
  },
  'send-events': { does: 'publish machine events', log: [{ publish: ['event'] }] },
  'send-again': {
    does: 'publish again, as backfill, what the log has of assets that the model did not have',
    log: [{ publish: ['telemetry', 'waveform', 'event'] }],
  },
  'send-findings': { does: 'publish results of an edge', log: [{ publish: ['finding'] }] },
  'write-schedule': { does: 'publish orders, stops and windows', log: [{ publish: ['schedule'] }] },
  acknowledge: {
    does: 'acknowledge, shelve, take out of service, give feedback, report',
    log: [{ publish: ['act'] }],
  },
  'report-status': {
    does: 'publish what became of a request or command',
    log: [{ publish: ['status'] }],
  },
  'apply-model': { does: 'publish plant models', log: [{ publish: ['model'] }] },
  'apply-rules': { does: 'publish rules', log: [{ publish: ['rules'] }] },
  'change-mappings': {
    does: 'propose, approve and refuse changes of mappings',
    log: [{ publish: ['mapping'] }],
  },
  'read-log': { does: 'read the streams of the partitions', log: [{ read: ['log'] }] },
  'work-partition': {
    does: 'make the streams, hold leases, commit epochs, keep checkpoints, publish ticks, and models and rules again',
    log: [
      { make: ['log', 'outbox', 'commands', 'commits', 'checkpoints', 'live', 'photos', 'feed'] },
      { read: ['feed'] },
      { make: ['leases', 'homes', 'names', 'reasons'] },
      { read: ['commits'] },
      { create: ['audit'] },
      { change: ['leases', 'homes', 'checkpoints'] },
      { purge: ['checkpoints'] },
      { publish: ['tick', 'model', 'rules', 'live', 'commit', 'feed'] },
    ],
  },
  'read-live': { does: 'follow what changes with each epoch', log: [{ read: ['live'] }] },
  'decide-requests': {
    does: 'publish request revisions',
    log: [{ publish: ['request'] }, { read: ['outbox'] }],
  },
  'decide-commands': {
    does: 'publish commands to the systems around',
    log: [{ publish: ['command'] }, { read: ['commands'] }],
  },
  'deliver-requests': {
    does: 'read request revisions, keep the ledger, hold its lease',
    log: [
      { make: ['outbox', 'leases', 'ledger', 'resends'] },
      { change: ['leases', 'ledger', 'resends'] },
      { read: ['outbox'] },
      { purge: ['outbox', 'ledger'] },
    ],
  },
  'deliver-commands': {
    does: 'read commands, keep their ledger, hold the lease of each system',
    log: [
      { make: ['commands', 'leases', 'ledger', 'outcomes', 'resends'] },
      { change: ['leases', 'ledger', 'outcomes', 'resends'] },
      { read: ['commands'] },
      { purge: ['commands', 'ledger', 'outcomes'] },
    ],
  },
  'keep-photos': {
    does: 'keep the pictures that people took at machines, and show them',
    log: [{ publish: ['photo'] }, { read: ['photos'] }],
  },
  'read-requests': {
    does: 'list requests and commands, and what became of them',
    log: [{ read: ['outbox', 'commands', 'ledger', 'outcomes'] }],
  },
  'resend-request': { does: 'ask for a request to be sent again', log: [{ change: ['resends'] }] },
  'append-audit': {
    does: 'append to the audit stream and read what it is chained to, never more',
    log: [{ publish: ['audit', 'reason'] }, { read: ['audit'] }],
  },
  'copy-acts': {
    does: 'begin the audit stream, and copy into it what people did by way of the log',
    log: [{ publish: ['audit-copy'] }, { read: ['audit'] }],
  },
  'take-backup': {
    does: 'copy every stream and bucket as a snapshot, and hold the leases meanwhile',
    log: [
      {
        snapshot: [
          'log',
          'outbox',
          'commands',
          'commits',
          'live',
          'audit',
          'reasons',
          'photos',
          'feed',
        ],
      },
      { snapshot: ['leases', 'homes', 'ledger', 'outcomes', 'resends', 'names', 'checkpoints'] },
      { create: ['leases'] },
      { change: ['leases'] },
    ],
  },
  'read-audit': {
    does: 'read and verify the audit stream',
    log: [{ read: ['audit', 'reasons'] }],
    tables: { select: ['audit'] },
  },
  'read-feed': { does: 'read what happens, as CloudEvents', log: [{ read: ['feed'] }] },
  'read-names': { does: 'see the names behind user ids', log: [{ read: ['names'] }] },
  'keep-names': {
    does: 'enter and erase the names behind user ids, and erase reasons',
    log: [{ change: ['names'] }, { erase: ['names', 'reasons'] }],
  },
  'land-rows': {
    does: 'insert into the tables, and read what is there',
    tables: { insert: ['rows', 'audit'], select: ['rows', 'audit'] },
  },
  'define-tables': {
    does: 'make and change tables and views (`andon migrate`)',
    tables: { define: true },
  },
  'query-rows': { does: 'select from tables and views', tables: { select: ['rows'] } },
} as const satisfies Readonly<Record<string, ActDefinition>>;

export type Act = keyof typeof ACTS;

/**
 * What each role may do, and how far. What is not here is refused. The `via` of an act of a person is the role that
 * attests it: see `VIA`.
 */
export const GRANTS: Readonly<Record<RoleName, Readonly<Partial<Record<Act, Scope>>>>> = {
  gateway: {
    'send-telemetry': 'line',
    'send-events': 'line',
    'send-findings': 'line',
    acknowledge: 'line',
  },
  scheduler: { 'write-schedule': 'line' },
  engineer: {
    'apply-model': 'plant',
    'apply-rules': 'plant',
    'change-mappings': 'plant',
    'append-audit': 'installation',
  },
  worker: {
    'read-log': 'installation',
    'work-partition': 'installation',
    'send-again': 'installation',
    'decide-requests': 'installation',
    'decide-commands': 'installation',
    'append-audit': 'installation',
    'copy-acts': 'installation',
    'read-audit': 'installation',
    'land-rows': 'installation',
  },
  requests: {
    'deliver-requests': 'installation',
    'deliver-commands': 'installation',
    'report-status': 'installation',
    'append-audit': 'installation',
  },
  backup: { 'take-backup': 'installation', 'append-audit': 'installation' },
  console: {
    acknowledge: 'installation',
    'read-log': 'installation',
    'read-live': 'installation',
    'keep-photos': 'installation',
    'read-feed': 'installation',
    'read-requests': 'installation',
    'resend-request': 'installation',
    'append-audit': 'installation',
    'read-audit': 'installation',
    'read-names': 'installation',
    'keep-names': 'installation',
    'query-rows': 'installation',
  },
  person: { acknowledge: 'plant' },
  analyst: { 'query-rows': 'plant' },
  'read-only': {
    'read-log': 'installation',
    'read-requests': 'installation',
    'read-feed': 'installation',
  },
};

/** The token of `act.<plant>.<line>.<asset>.<via>.<user>` that a role may write; its permission attests it. */
export const VIA: Readonly<Partial<Record<RoleName, string>>> = {
  gateway: 'gateway',
  console: 'console',
  person: 'key',
};

/** Tables that only who may `read-audit` selects from. Names of persons are in no table of the warehouse. */
export const TABLES_OF_AUDIT: readonly string[] = ['audit'];

/** How far a role may do something; undefined: not at all. */
export function scopeOf(role: RoleName, act: Act): Scope | undefined {
  return GRANTS[role][act];
}

/** The acts of a role, in the order of the table. */
export function actsOf(role: RoleName): readonly Act[] {
  return (Object.keys(ACTS) as Act[]).filter((act) => scopeOf(role, act) !== undefined);
}

/** What a role needs of NATS, act by act. */
export function logNeedsOf(role: RoleName): readonly LogNeed[] {
  return actsOf(role).flatMap((act) => definitionOf(act).log ?? []);
}

/** What a role may do in the warehouse. `rowsOf`: which rows it sees; undefined where it selects nothing. */
export type TableRights = {
  readonly select: readonly TableGroup[];
  readonly insert: readonly TableGroup[];
  readonly define: boolean;
  readonly rowsOf: Scope | undefined;
};

/** What ClickHouse has to grant to a role. */
export function tableRightsOf(role: RoleName): TableRights {
  const needs = actsOf(role).flatMap((act) => {
    const { tables } = definitionOf(act);
    return tables === undefined ? [] : [{ ...tables, scope: scopeOf(role, act) }];
  });
  return {
    select: [...new Set(needs.flatMap(({ select = [] }) => select))],
    insert: [...new Set(needs.flatMap(({ insert = [] }) => insert))],
    define: needs.some(({ define }) => define === true),
    rowsOf: needs.find(({ select = [] }) => select.includes('rows'))?.scope,
  };
}

function definitionOf(act: Act): ActDefinition {
  return ACTS[act];
}

/** The chapter's table: a row for each act, a column for each role, the scope in the cells. */
export function rolesTable(): string {
  const roles = Object.keys(ROLES) as RoleName[];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['act', ...roles, 'means']),
    row(['---', ...roles.map(() => '---'), '---']),
    ...(Object.keys(ACTS) as Act[]).map((act) =>
      row([`\`${act}\``, ...roles.map((role) => scopeOf(role, act) ?? ''), ACTS[act].does]),
    ),
  ].join('\n');
}
