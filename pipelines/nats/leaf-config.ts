/** An edge's way to the centre as configurations of nats-server: a leaf node beside the machines, and its user at the centre. */

import { EDGE_LOG_PREFIX, EDGE_STREAM, HELD_PREFIX, partitionStream } from './streams.ts';

/** A leaf node that the centre lets in. */
export type LeafUser = {
  /** Of the edge, and of JetStream beside it. */
  readonly edge: string;
  /** nats-server 2.9 lets leaf nodes log in by password or certificate, not by nkey. */
  readonly password: string;
  /** It judges lines: it reads at the centre what concerns them. */
  readonly judges?: boolean;
};

/** By this API a centre reaches the streams of an edge. */
export function edgeApi(edge: string): string {
  return `$JS.${edge}.API`;
}

/** Where messages of an edge come in at the centre. */
export function deliveryOf(edge: string): string {
  return `deliver.${edge}`;
}

/** What begins the inboxes of an edge's process. */
export function edgeInbox(edge: string): string {
  return `_INBOX_edge_${edge}`;
}

/**
 * The line of its user in the account of the log. To the centre go: what the centre asked for, to the one place where it
 * waits for it, the answers of the edge's JetStream, and questions about the streams that source it; of an edge that judges
 * also questions for their messages. From the centre come: questions to the edge's JetStream, flow control, answers.
 */
export function leafUserLine(
  { edge, password, judges = false }: LeafUser,
  { partitions, domain }: { readonly partitions: number; readonly domain: string },
): string {
  const questions = judges ? ['STREAM.INFO', 'STREAM.MSG.GET'] : ['STREAM.INFO'];
  const asked = Array.from({ length: partitions }, (_, partition) =>
    questions.map((question) => `$JS.${domain}.API.${question}.${partitionStream(partition)}`),
  ).flat();
  const publish = [`${deliveryOf(edge)}.>`, '$JSC.R.>', ...asked];
  const subscribe = [
    `${edgeApi(edge)}.>`,
    ...[`$JS.FC.${EDGE_STREAM}.>`, `$JS.ACK.${EDGE_STREAM}.>`],
    `${edgeInbox(edge)}.>`,
  ];
  const list = (subjects: readonly string[]) =>
    subjects.map((each) => JSON.stringify(each)).join(', ');
  return [
    `      { user: ${JSON.stringify(`edge.${edge}`)}, password: ${JSON.stringify(password)}, permissions: {`,
    `          publish: [${list(publish)}]`,
    `          subscribe: [${list(subscribe)}] } }`,
  ].join('\n');
}

/** What stays beside the machines, but for what the centre sources. */
const BESIDE = ['andon.>', `${HELD_PREFIX}>`, `${EDGE_LOG_PREFIX}.>`]
  .map((subject) => JSON.stringify(subject))
  .join(', ');

export type LeafConfigOptions = LeafUser & {
  /** Where the centre takes leaf nodes: `host:port`. */
  readonly centre: string;
  /** Public nkey (`U…`) of the edge's process. */
  readonly key: string;
  /** Folder with ca.pem, and server-cert.pem and server-key.pem where the centre wants a certificate; `false`: none. */
  readonly tls: string | false;
};

/** The configuration of the nats-server beside the machines. It listens on this machine alone, and dials out. */
export function leafConfig({ edge, password, centre, key, tls }: LeafConfigOptions): string {
  const scheme = tls === false ? 'nats-leaf' : 'tls';
  const user = `${encodeURIComponent(`edge.${edge}`)}:${encodeURIComponent(password)}`;
  const url = `${scheme}://${user}@${centre}`;
  const secured =
    tls === false ? '' : `, tls { ca_file: ${JSON.stringify(`${tls}/ca.pem`)}, timeout: 5 }`;
  return [
    '# Made by andon nats-config --leaf: the nats-server beside the machines. Include it in its nats-server.conf, beside',
    `# listen: "127.0.0.1:4222" and jetstream { store_dir: …, domain: ${edge} }. It holds a password: keep it to its user.`,
    `server_name: ${JSON.stringify(`edge-${edge}`)}`,
    'max_payload: 8MB',
    'authorization { timeout: 10 }',
    'accounts {',
    '  EDGE {',
    '    jetstream: enabled',
    '    users: [',
    `      { nkey: ${key} } # edge.${edge}`,
    '    ]',
    '  }',
    '}',
    'leafnodes {',
    '  reconnect: 2',
    '  remotes: [',
    // Without these the centre would hear every message beside its source, and store it twice.
    `    { url: ${JSON.stringify(url)}, account: EDGE${secured},`,
    `      deny_exports: [${BESIDE}], deny_imports: [${BESIDE}] }`,
    '  ]',
    '}',
    '',
  ].join('\n');
}
