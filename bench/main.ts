import { Problem } from '../pipelines/base/problem.ts';

/** `npm run bench -- NAME …`: each benchmark is a file of its own, loaded only when it is asked for. */
type Bench = {
  readonly about: string;
  readonly run: (args: readonly string[]) => Promise<boolean>;
};

const BENCHES: Readonly<Record<string, Bench>> = {
  paced: {
    about:
      'a plant at a steady rate: memory, lag, CPU; --seconds 120 --rate 100000 --assets 250 --waveforms 50x3 --epoch 2',
    run: async (args) => (await import('./paced.ts')).paced(args),
  },
  'paced-publisher': {
    about: 'the plant of `paced`, as the process that it starts',
    run: async (args) => (await import('./paced-publisher.ts')).publishPaced(args),
  },
  'end-to-end': {
    about: 'a filled stream: the bare loop and the product by turns; --readings 16000000 --pairs 5',
    run: async (args) => (await import('./end-to-end.ts')).endToEnd(args),
  },
  bare: {
    about: 'the bare loop of `end-to-end`, as the process that it starts',
    run: async (args) => (await import('./bare.ts')).bare(args),
  },
  scale: {
    about:
      'a filled log by a worker for each of 1, 2 and 4 partitions; --partitions 1,2,4 --readings 4000000 --pairs 5 --json FILE',
    run: async (args) => (await import('./scale.ts')).scale(args),
  },
  analysts: {
    about:
      'queries of sql/queries while readings land; --readings 100000000 --rate 200000 --json FILE',
    run: async (args) => (await import('./analysts.ts')).analysts(args),
  },
  peers: {
    about:
      'Esper and Flink beside the same events, cold and warm; --only A2 --pairs 5 --rounds 5 --json FILE',
    run: async (args) => (await import('./peer-rounds.ts')).peerRounds(args),
  },
  patterns: {
    about: 'patterns over the reference workload and other loads; --only W2 --rounds 3 --json FILE',
    run: async (args) => (await import('./patterns.ts')).patterns(args),
  },
  latency: {
    about:
      'publish to row visible and to request created, by load; --rate R --seconds 60 --epoch 2 --json FILE',
    run: async (args) => (await import('./latency.ts')).latency(args),
  },
  windows: {
    about: 'windows over the reference workload; --only A1 --rounds 5 --json FILE',
    run: async (args) => (await import('./windows.ts')).windows(args),
  },
  stages: {
    about: 'each stage alone, fed by those before it; --frames 50000 --rounds 3 --json FILE',
    run: async (args) => (await import('./stages.ts')).stages(args),
  },
  roofline: {
    about:
      'what a reading costs at least: memory, decoding, encoding; --readings 2000000 --rounds 3 --json FILE',
    run: async (args) => (await import('./roofline.ts')).roofline(args),
  },
  landing: {
    about: 'readings into ClickHouse by format and batch; --rows 10000,100000,500000 --json FILE',
    run: async (args) => (await import('./landing.ts')).landing(args),
  },
  'catching-up': {
    about:
      'epochs that waited for ClickHouse, each by itself and many at a time; --epochs 150 --json FILE',
    run: async (args) => (await import('./catching-up.ts')).catchingUp(args),
  },
  memory: {
    about:
      'memory under load for ten minutes, then five without ClickHouse; --rate 50000 --seconds 600 --away 300 --json FILE',
    run: async (args) => (await import('./memory.ts')).memory(args),
  },
  recovery: {
    about: 'kill -9 under load until current again; --rate 50000 --kills 5 --json FILE',
    run: async (args) => (await import('./recovery.ts')).recovery(args),
  },
  'host-lost': {
    about:
      'a worker restarted, and one lost with its directory, by turns, until current; --rate 75000 --pairs 3 --json FILE',
    run: async (args) => (await import('./host-lost.ts')).hostLost(args),
  },
  'settled-commands': {
    about:
      'a start where many commands are over, and the memory of nats-server; --commands 1000000 --json FILE',
    run: async (args) => (await import('./settled-commands.ts')).settledCommands(args),
  },
  'erp-away': {
    about:
      'problem to CMMS while the ERP is away, and what it then gets; --minutes 30 --calm 5 --problems 200 --json FILE',
    run: async (args) => (await import('./erp-away.ts')).erpAway(args),
  },
  edge: {
    about:
      'MQTT through one edge beside a bare subscriber, and a value to its row; --messages 40000 --pairs 3 --probes 200 --json FILE',
    run: async (args) => (await import('./edge.ts')).edgeBench(args),
  },
  'edge-bare': {
    about: 'the bare subscriber of `edge`, as the process that it starts',
    run: async (args) => (await import('./edge-bare.ts')).bareSubscriber(args),
  },
  compare: {
    about: 'better, worse or the same: BASELINE.json NEW.json, such as bench/baseline.json',
    run: async (args) => (await import('./compare.ts')).compare(args),
  },
  all: {
    about:
      'most parts, each in fresh processes; also without a name; --only windows,stages --rounds 5 --json FILE --write-docs',
    run: async (args) => (await import('./round.ts')).round(args),
  },
  state: {
    about: 'size and pause of a checkpoint in which every key changed; --keys 1000,10000,100000',
    run: async (args) => (await import('./state.ts')).benchState(args),
  },
  'state-growth': {
    about:
      'bytes of a checkpoint after five minutes and at the end, while states grow; --minutes 30 --assets 250 --json FILE',
    run: async (args) => (await import('./state-growth.ts')).benchStateGrowth(args),
  },
  spectrum: {
    about: 'vibration features with and without envelope; --samples 25600 --waveforms 300',
    run: async (args) => (await import('./spectrum.ts')).benchSpectrum(args),
  },
};

/** Without a name, or with options alone: the short round of all. */
const [first = 'all', ...others] = process.argv.slice(2);
const [name, args] = first.startsWith('-') ? ['all', process.argv.slice(2)] : [first, others];
const isHelp = name === 'list' || process.argv.includes('--help') || process.argv.includes('-h');
const bench = isHelp ? undefined : BENCHES[name];
if (bench === undefined) {
  const list = Object.entries(BENCHES).map(([known, { about }]) => `  ${known}: ${about}`);
  const problem = isHelp ? '' : `${name}: expected one of the names below\n`;
  console.error(`${problem}npm run bench [-- NAME …]\n${list.join('\n')}`);
  if (!isHelp) process.exitCode = 2;
} else {
  try {
    if (!(await bench.run(args))) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(error.message);
    process.exitCode = error.exit;
  }
}
