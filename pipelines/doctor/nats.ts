import type { NatsConnection } from '@nats-io/transport-node';
import { COMMAND_STREAM, REQUEST_STREAM } from '../../sinks/outbox.ts';
import type { Config } from '../base/config.ts';
import { messageOf } from '../base/problem.ts';
import { isAtLeast } from '../base/version.ts';
import { streamIn, streamManager } from '../nats/jetstream.ts';
import { connectNats } from '../nats/nats.ts';
import {
  AUDIT_STREAM,
  COMMIT_STREAM,
  checkpointBucket,
  ensureAudit,
  ensureCheckpoints,
  ensureCommands,
  ensureCommits,
  ensurePartition,
  ensureRequests,
  findStream,
  objectStream,
  partitionStream,
} from '../nats/streams.ts';
import { type CheckResult, fail, ok, warn } from './check-result.ts';
import { examineFeatures } from './nats-features.ts';

/** Older ones lose or repeat messages in rare cases that are mended in this one. */
const ADVISED = '2.11.6';
const PATIENCE = 2_000;

/** The log: whether NATS is there, new enough, lets us in, and has its streams as they should be. Changes nothing. */
export async function examineNats(config: Config): Promise<readonly CheckResult[]> {
  let connection: NatsConnection;
  try {
    connection = await connectNats({ ...config.nats, name: 'andon doctor', patience: PATIENCE });
  } catch (error) {
    return [fail('NATS', messageOf(error))];
  }
  try {
    const { partition, partitions } = config;
    const { days, replicas, bytes = -1 } = config.stream;
    const limits = { days, replicas, bytes };
    return [
      server(connection),
      ...(await features(connection)),
      await stream(connection, partitionStream(partition), () =>
        ensurePartition(connection, { partition, partitions, ...limits }),
      ),
      await stream(connection, REQUEST_STREAM, () => ensureRequests(connection, { replicas })),
      await stream(connection, COMMAND_STREAM, () => ensureCommands(connection, { replicas })),
      await stream(connection, COMMIT_STREAM, () => ensureCommits(connection, { replicas })),
      await stream(connection, objectStream(checkpointBucket(partition)), () =>
        ensureCheckpoints(connection, partition, { replicas }),
      ),
      await stream(connection, AUDIT_STREAM, () => ensureAudit(connection, { replicas })),
    ];
  } finally {
    await connection.close();
  }
}

function server(connection: NatsConnection): CheckResult {
  const version = connection.info?.version ?? 'unknown';
  const cover = connection.info?.tls_required === true ? 'over TLS' : 'in the clear';
  const found = `${version} at ${connection.getServer()}, JetStream on, ${cover}`;
  if (isAtLeast(version, ADVISED)) return ok('NATS', found);
  return warn('NATS', found, `Good for a try; for production upgrade to ${ADVISED} or newer.`);
}

async function features(connection: NatsConnection): Promise<readonly CheckResult[]> {
  try {
    const manager = await streamManager(connection);
    const { api } = await manager.getAccountInfo();
    return examineFeatures(connection.info?.version ?? 'unknown', api.level);
  } catch (error) {
    const remedy = 'Enable JetStream for the account, and let this user publish on $JS.API.INFO.';
    return [fail('NATS features', messageOf(error), remedy)];
  }
}

/** `verify` makes a stream that is missing, so it is asked only about one that is there. */
async function stream(
  connection: NatsConnection,
  plain: string,
  verify: () => Promise<{ readonly state: { readonly messages: number } }>,
): Promise<CheckResult> {
  const name = streamIn(connection, plain);
  const check = `stream ${name}`;
  try {
    if ((await findStream(connection, name)) === undefined) {
      return warn(check, 'none yet', 'andon run makes it.');
    }
    return ok(check, `as expected, ${(await verify()).state.messages} messages`);
  } catch (error) {
    return fail(check, messageOf(error));
  }
}
