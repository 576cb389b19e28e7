/** One diagnosis of a channel, and one of several channels of the same machine at the same time. */

import { BEARING_PARTS, type BearingPart } from '../../operators/spectrum/bearing.ts';
import {
  type Diagnosis,
  type DiagnosisOptions,
  diagnose,
} from '../../operators/spectrum/diagnose.ts';
import { type Extracted, extract, withAveragedLevels } from '../../operators/spectrum/extract.ts';
import { withUrgency } from '../../operators/spectrum/iso-zone.ts';
import type { Channel } from '../files/channel.ts';
import type { MeantBearing } from './diagnose-options.ts';

export type DiagnosedChannel = {
  readonly channel: Channel;
  readonly rate: number;
  readonly unit: string;
  readonly extracted: Extracted;
  readonly diagnosis: Diagnosis;
  /** What one must know of the bearing that was looked for. */
  readonly notes: readonly string[];
};

/** Diagnoses one channel. Of several bearings that may be meant that counts whose lines stand out most. */
export function diagnoseChannel(
  channel: Channel,
  {
    rate,
    unit,
    rpm,
  }: { readonly rate: number; readonly unit: string; readonly rpm: number | undefined },
  bearings: readonly MeantBearing[],
  machine: DiagnosisOptions,
): DiagnosedChannel {
  const tries = (bearings.length === 0 ? [undefined] : bearings).map((bearing) => {
    const extracted = withAveragedLevels(extract(channel.samples, rate, unit, rpm, bearing));
    return { bearing, extracted, diagnosis: diagnose(extracted, machine) };
  });
  const best = tries.reduce((one, other) => (strength(other) > strength(one) ? other : one));
  const named = [...new Set(tries.map(({ diagnosis }) => diagnosis.verdict).filter(isPart))];
  const diagnosis = named.length > 1 ? undecided(best.diagnosis, named) : best.diagnosis;
  const { extracted, bearing } = best;
  return { channel, rate, unit, extracted, diagnosis, notes: bearingNotes(bearing, bearings) };
}

type Try = { readonly extracted: Extracted; readonly diagnosis: Diagnosis };

/** A verdict goes before scores: scores of the best part otherwise. */
function strength({ diagnosis }: Try): number {
  const best = Math.max(...BEARING_PARTS.map((part) => diagnosis.scores[part]));
  return best + (isPart(diagnosis.verdict) ? 100 : 0);
}

function isPart(verdict: string): verdict is BearingPart {
  return BEARING_PARTS.some((part) => part === verdict);
}

function undecided(diagnosis: Diagnosis, parts: readonly BearingPart[]): Diagnosis {
  const names = parts.map((part) => part.replace('_', ' ')).join(' and ');
  const reason = `${names} each fit one of the geometries or channels: say which bearing it is by --balls or --bpfo`;
  const reasons = [reason, ...diagnosis.reasons];
  const open = { ...diagnosis, verdict: 'not_determined', confidence: 0, reasons } as const;
  const advice = 'Find out the maker and type of the bearing, and diagnose again.';
  return { ...open, action: withUrgency(open, advice) };
}

function bearingNotes(
  bearing: MeantBearing | undefined,
  bearings: readonly MeantBearing[],
): readonly string[] {
  if (bearing?.kind !== 'typical') return [];
  const { balls, tolerance = 0 } = bearing;
  const search = `the geometry is typical (${bearing.source}): lines were looked for within ${(100 * tolerance).toFixed(1)} % more than slip; the maker's own BPFO and BPFI are surer`;
  if (bearings.length < 2) return [search];
  const others = bearings.map((each) => each.balls).filter((each) => each !== balls);
  const differ = `makers differ: this is for ${balls} rolling elements, others have ${others.join(' or ')}`;
  return [differ, search];
}

/**
 * One diagnosis of several channels: the fault that one of them shows best, what the others show beside it, and the worst
 * severity. Two parts of one bearing contradict each other: then none is named. A machine is well where all channels are.
 */
export function combineChannels(all: readonly DiagnosedChannel[]): DiagnosedChannel {
  const [first, ...rest] = all;
  if (first === undefined) throw new Error('no channel');
  const lead = rest.reduce((one, other) => (rank(other) > rank(one) ? other : one), first);
  const parts = [...new Set(all.map(({ diagnosis }) => diagnosis.verdict).filter(isPart))];
  const own = parts.length > 1 ? undecided(lead.diagnosis, parts) : lead.diagnosis;
  const worst = all.reduce((one, other) => (velocityOf(other) > velocityOf(one) ? other : one));
  const named = new Set<string>([own.verdict, ...own.also.map(({ fault }) => fault)]);
  const also = all
    .filter((one) => one !== lead)
    .flatMap(({ channel, diagnosis }) => faultsOf(diagnosis).map((each) => ({ ...each, channel })))
    .filter(({ fault }) => !named.has(fault) && !isPart(fault))
    .map(({ fault, reason, channel }) => ({ fault, reason: `${reason} (${labelOf(channel)})` }));
  const of = `on ${labelOf(lead.channel)}: ${lead.diagnosis.reasons[0] ?? ''}`;
  const reasons = parts.length > 1 ? own.reasons : [of, ...own.reasons.slice(1)];
  // The zone is that of the worst channel, so that of the leading one gives way.
  const advice = own.action.slice(withUrgency(own, '').length);
  const diagnosis = {
    ...own,
    reasons: [...reasons, ...severeOthers(all, lead)],
    also: [...own.also, ...also],
    severity: worst.diagnosis.severity,
    action: withUrgency({ ...own, severity: worst.diagnosis.severity }, advice),
  };
  const notes = [...new Set(all.flatMap((one) => one.notes))];
  return { ...lead, diagnosis, notes };
}

export function labelOf({ name, number }: Channel): string {
  return name || `channel ${number ?? 1}`;
}

function velocityOf({ diagnosis }: DiagnosedChannel): number {
  return diagnosis.severity?.velocity_rms ?? 0;
}

/** Faults first, those of a bearing before those of a shaft, by confidence; then what is not determined, the worst first; health last. */
function rank({ diagnosis }: DiagnosedChannel): number {
  const { verdict, confidence, severity } = diagnosis;
  if (verdict === 'none') return 0;
  const level = Math.min(0.99, (severity?.velocity_rms ?? 0) / 1_000);
  if (verdict === 'not_determined') return 1 + level;
  return (isPart(verdict) ? 4 : 2) + confidence;
}

function faultsOf({ verdict, reasons, also }: Diagnosis) {
  if (verdict === 'none' || verdict === 'not_determined') return also;
  return [{ fault: verdict, reason: reasons[0] ?? '' }, ...also];
}

/** Channels in zone C or D that show no cause. */
function severeOthers(all: readonly DiagnosedChannel[], lead: DiagnosedChannel): string[] {
  return all.flatMap(({ channel, diagnosis }) => {
    const { severity, verdict } = diagnosis;
    const isSevere = severity !== null && (severity.zone === 'C' || severity.zone === 'D');
    if (channel === lead.channel || !isSevere || verdict !== 'not_determined') return [];
    return [`${labelOf(channel)}: zone ${severity.zone} without a cause that shows there`];
  });
}
