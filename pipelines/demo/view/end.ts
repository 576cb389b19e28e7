import { type Duration, type EventTime, SECOND } from '../../../operators/model/time.ts';
import type { DemoOutcome, DemoSummary } from '../summary.ts';
import { padded, type ScreenLine, span } from './lines.ts';
import { clockOf, grouped, reasonWords, spoken } from './words.ts';

const INDENT = '  ';

/** How a demo went, for people: what it came to, what was planted and found, what was kept quiet, whether counts agree. */
export function endScreen(outcome: DemoOutcome, summary: DemoSummary): readonly ScreenLine[] {
  return [
    [],
    [span(' ANDON ', 'badge'), span(`  ${headline(outcome, summary)}`, 'strong')],
    ...found(outcome),
    ...quiet(outcome),
    ...done(summary),
    ...agreement(summary),
    ...verdict(summary),
  ];
}

function headline({ truth }: DemoOutcome, { readings, requests, seconds }: DemoSummary): string {
  const length = lengthOf(truth.begins, truth.ends);
  const asked = requests === 1 ? '1 request' : `${requests} requests`;
  return `${length} of a plant in ${seconds.publish} s: ${grouped(readings)} readings became ${asked}`;
}

function lengthOf(from: EventTime, to: EventTime): string {
  const minutes = Math.round((to - from) / 60e6);
  return minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 6) / 10} hours`;
}

function found({ score, works }: DemoOutcome): readonly ScreenLine[] {
  const remotes = new Map(works.map((work) => [work.external_key, work.id]));
  const rows = [
    ...score.found.map(({ fault, request, after }) => ({
      fault,
      mark: span('✔ ', 'good'),
      outcome: span(`asked for ${spokenAfter(after)}, as ${remotes.get(request) ?? request}`),
    })),
    ...score.missed.map(({ fault, because }) => ({
      fault,
      mark: span('✘ ', 'danger'),
      outcome: span(because, 'danger'),
    })),
  ].sort((a, b) => a.fault.detectable - b.fault.detectable);
  return [
    [],
    [
      span('Faults that were planted', 'strong'),
      span('  and when they could be seen first', 'dim'),
    ],
    ...(rows.length === 0 ? [[span(`${INDENT}none so far`, 'dim')]] : []),
    ...rows.map(
      ({ fault, mark, outcome }): ScreenLine => [
        span(INDENT),
        mark,
        padded(fault.kind, 18, 'strong'),
        padded(fault.asset, 28),
        span(`${clockOf(fault.detectable)}  `, 'dim'),
        outcome,
      ],
    ),
    ...score.false.map(
      ({ request, asset, because }): ScreenLine => [
        span(INDENT),
        span('✘ ', 'danger'),
        span(`request ${request} on ${asset}: ${because}`, 'danger'),
      ],
    ),
  ];
}

/** A detector may be better than what the plant itself promises of a fault. */
function spokenAfter(after: Duration): string {
  const seconds = Math.round(after / SECOND);
  return seconds < 0 ? `${-seconds} s before` : `${seconds} s after`;
}

function quiet({ score, truth }: DemoOutcome): readonly ScreenLine[] {
  const stretches = new Map<string, number>();
  for (const { kind } of truth.quiet) stretches.set(kind, (stretches.get(kind) ?? 0) + 1);
  const stops = [...stretches].map(([kind, count]) => `${count} × ${kind}`).join(', ');
  return [
    [],
    [span('Kept quiet', 'strong'), span('  and counted', 'dim')],
    ...(stops === ''
      ? []
      : [[span(INDENT), span('✔ ', 'good'), span(stops), span('  no request', 'dim')]]),
    ...score.nuisances.map(
      ({ nuisance, found: seen, exact }): ScreenLine => [
        span(INDENT),
        exact ? span('✔ ', 'good') : span('✘ ', 'danger'),
        padded(nuisance.kind, 18, 'strong'),
        padded(nuisance.source, 43),
        span(countsOf(exact ? nuisance.dead_letters : seen), 'dim'),
      ],
    ),
  ];
}

function countsOf(counts: Readonly<Partial<Record<string, number>>>): string {
  const parts = Object.entries(counts).map(
    ([reason, count = 0]) => `${grouped(count)} ${reasonWords(reason)} (${reason})`,
  );
  return parts.length === 0 ? 'no dead letter' : parts.join(', ');
}

/** Works that came to their end, and what the ERP has posted for them. */
function done({ done: works }: DemoSummary): readonly ScreenLine[] {
  if (works.length === 0) return [];
  return [
    [],
    [span('Done', 'strong'), span('  and posted in the ERP', 'dim')],
    ...works.map(
      ({ asset, id, posted }): ScreenLine => [
        span(INDENT),
        span('✔ ', 'good'),
        padded(asset, 28, 'strong'),
        padded(posted === 0 ? '' : `${posted} EUR`, 18),
        span(`requests show ${id}`, 'dim'),
      ],
    ),
  ];
}

function agreement({ agree, latency_ms: latency, seconds }: DemoSummary): readonly ScreenLine[] {
  const { messages, readings, requests, commands, checks } = agree;
  const items = [
    both(messages.published, messages.clickhouse, 'messages', 'published', 'in ClickHouse'),
    both(readings.published, readings.clickhouse, 'readings', 'published', 'in ClickHouse'),
    both(requests.clickhouse, requests.cmms, 'requests', 'in ClickHouse', 'in the CMMS'),
    ...(commands.clickhouse === 0
      ? []
      : [both(commands.clickhouse, commands.answered, 'commands', 'in ClickHouse', 'answered')]),
    both(checks.run, checks.run - checks.failed.length, 'checks', 'of sql/checks', 'hold'),
  ];
  const times = [
    ...timed('into ClickHouse', latency.clickhouse.median, latency.clickhouse.p95),
    ...timed('into the CMMS', latency.cmms.median, latency.cmms.p95),
    ...(seconds.held > 0 ? [`the plant waited ${seconds.held} s for the worker`] : []),
  ];
  return [
    [],
    [span('Counts', 'strong')],
    ...items.map(
      ({ ok, text }): ScreenLine => [
        span(INDENT),
        ok ? span('✔ ', 'good') : span('✘ ', 'danger'),
        span(text),
      ],
    ),
    ...(times.length === 0 ? [] : [[span(`${INDENT}  ${times.join('; ')}`, 'dim')] as ScreenLine]),
  ];
}

function both(here: number, there: number, what: string, first: string, second: string) {
  const ok = here === there;
  return { ok, text: `${what}: ${grouped(here)} ${first}, ${grouped(there)} ${second}` };
}

function timed(where: string, middle: number | null, most: number | null): readonly string[] {
  if (middle === null || most === null) return [];
  return [`${spoken(middle)} ${where} (95 % within ${spoken(most)})`];
}

function verdict({ differences, acts }: DemoSummary): readonly ScreenLine[] {
  if (differences.length === 0 && acts > 0) {
    const text = `${acts} acts of people are in the log: what was planted is not held against the answers.`;
    return [[], [span(text)]];
  }
  if (differences.length === 0) {
    return [[], [span('Everything that was planted was found, and nothing else.', 'good')]];
  }
  return [
    [],
    [span('Not as it should be', 'danger')],
    ...differences.map((difference): ScreenLine => [span(`${INDENT}${difference}`)]),
  ];
}
