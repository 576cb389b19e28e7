/** `andon run` where a group is configured: a member of it, with a process for each partition that falls to it. */

import { hostname } from 'node:os';
import { endOnSignal } from '../base/child.ts';
import type { Config } from '../base/config.ts';
import { connectNats } from '../nats/nats.ts';
import { createInternalEvents } from '../observe/observe.ts';
import { runGroup } from '../worker/group/group.ts';
import { joinGroup } from '../worker/group/members.ts';
import { createConnectionReporter } from '../worker/report.ts';

/** Joins the group and works what falls to it, until a signal drains it. */
export async function runMember(config: Config, file: string | undefined): Promise<void> {
  const labels = { pipeline: config.pipeline, partition: '' };
  const { record } = createInternalEvents({ level: config.log.level, labels });
  const drain = endOnSignal((reason) => record({ kind: 'draining', reason }));
  const owner = config.owner ?? `${hostname()}:${process.pid}`;
  const connection = await connectNats({
    ...config.nats,
    name: `andon ${owner}`,
    patience: 'wait',
    signal: drain,
    onStatus: createConnectionReporter(record),
  });
  try {
    const { replicas } = config.stream;
    const membership = await joinGroup({ connection, config, owner, replicas });
    const program = (partition: number) => workerOf(partition, { config, file, owner });
    await runGroup({ config, membership, program, record, drain });
  } finally {
    await connection.close();
  }
}

/** This program again, for one partition. Its port is that of the configuration and the partition behind it. */
function workerOf(
  partition: number,
  { config, file, owner }: { config: Config; file: string | undefined; owner: string },
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
