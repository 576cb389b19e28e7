/** `andon run` where a group is configured: a member of it, with a process for each partition that falls to it. */

import { hostname } from 'node:os';
import { join } from 'node:path';
import { endOnSignal } from '../base/child.ts';
import type { Config } from '../base/config.ts';
import { type DirectoryLock, lockDirectory } from '../base/process-lock.ts';
import { connectNats } from '../nats/nats.ts';
import { createInternalEvents, type RecordEvent } from '../observe/observe.ts';
import { runGroup } from '../worker/group/group.ts';
import { joinGroup } from '../worker/group/members.ts';
import { createConnectionReporter } from '../worker/report.ts';

export type MemberOptions = {
  readonly config: Config;
  readonly share: NonNullable<Config['group']>;
  /** The configuration, for its workers. */
  readonly file: string | undefined;
};

/**
 * Joins the group and works what falls to it, until a signal drains it.
 *
 * @throws Problem when another process has joined from this directory, or takes its place later
 */
export async function runMember(options: MemberOptions): Promise<void> {
  const { config } = options;
  const owner = config.owner ?? `${hostname()}:${process.pid}`;
  const labels = { pipeline: config.pipeline, partition: '' };
  const { record } = createInternalEvents({ level: config.log.level, labels });
  const drain = endOnSignal((reason) => record({ kind: 'draining', reason }));
  // The lease alone would go over to a second one at once: it is of the same directory.
  const place = join(config.directory, `${config.pipeline}-member`);
  const lock = await lockDirectory(place, owner);
  try {
    await workAsMember({ ...options, owner, record, drain, lock });
  } finally {
    await lock.release();
  }
}

type Place = MemberOptions & {
  readonly owner: string;
  readonly record: RecordEvent;
  readonly drain: AbortSignal;
  readonly lock: DirectoryLock;
};

async function workAsMember(member: Place): Promise<void> {
  const { config, share, owner, record, drain, lock } = member;
  const connection = await connectNats({
    ...config.nats,
    name: `andon ${owner}`,
    patience: 'wait',
    signal: drain,
    onStatus: createConnectionReporter(record),
  }).catch((error: unknown) => {
    // Told to go before there was a server: nothing was under way.
    if (!drain.aborted) throw error;
  });
  if (!connection) return;
  try {
    const { replicas } = config.stream;
    const membership = await joinGroup({ connection, config, owner, share, replicas });
    const lost = AbortSignal.any([membership.lost, lock.lost]);
    const program = (partition: number) => workerOf(partition, member);
    await runGroup({ config, membership, program, record, lost, drain });
  } finally {
    await connection.close();
  }
}

/** This program again, for one partition. Its port is that of the configuration and the partition behind it. */
function workerOf(
  partition: number,
  { config, file, owner }: Pick<Place, 'config' | 'file' | 'owner'>,
) {
  const { port } = config.http;
  const named = file === undefined ? [] : ['--config', file];
  const [, script = ''] = process.argv;
  return {
    command: process.execPath,
    args: [...process.execArgv, script, 'run', ...named, '--partition', String(partition)],
    env: {
      ANDON_OWNER: owner,
      ANDON_HTTP_PORT: String(port === 0 ? 0 : port + 1 + partition),
    },
    onLine: (line: string) => void process.stderr.write(`${line}\n`),
  };
}
