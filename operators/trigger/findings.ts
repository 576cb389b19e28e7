/**
 * What is known of a problem, finding by finding, and which of it an answer covers. An answer (no, done, acknowledged) covers
 * what people had been told at its time. A worse severity, another component, another failure mode or another trigger is
 * not covered, and neither is what came between the last revision and the answer.
 */

import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import type { EventTime } from '../model/time.ts';
import type { Episode, Finding } from './episode.ts';

/** A finding as it comes. */
export type NewFinding = Pick<Finding, 'component' | 'failure_mode' | 'severity' | 'triggers'> & {
  readonly rule: string;
  readonly anomalies: readonly string[];
  readonly isPattern: boolean;
};

const FINDING_LIMIT = 100;

/** Adds a finding. True: nothing that was known before says as much. */
export function addFinding(episode: Episode, news: NewFinding): boolean {
  const { rule, component, failure_mode, severity, triggers, anomalies } = news;
  const isNews = !isSaidBy(episode.findings, news);
  if (!news.isPattern) forgetAnomalies(episode, anomalies);
  const same = episode.findings.find((known) => isSame(known, news));
  if (same !== undefined) {
    const active = same.anomalies.filter((id) => episode.active.includes(id));
    same.anomalies = [...new Set([...active, ...anomalies])];
    return isNews;
  }
  episode.findings.push({
    ...{ rule, component, failure_mode, severity, triggers: [...triggers] },
    weight: evidenceWeight(news),
    ...{ anomalies: [...anomalies], momentary: anomalies.length === 0, reported: null },
  });
  if (episode.findings.length > FINDING_LIMIT) episode.findings.shift();
  return isNews;
}

export function evidenceWeight({ severity, isPattern }: NewFinding): number {
  return (isPattern ? SEVERITIES.length : 0) + SEVERITIES.indexOf(severity);
}

/** An anomaly has one severity at a time: detectors' findings of another one no longer rest on it. */
function forgetAnomalies({ findings }: Episode, anomalies: readonly string[]): void {
  for (const finding of findings) {
    if (finding.weight >= SEVERITIES.length) continue;
    finding.anomalies = finding.anomalies.filter((id) => !anomalies.includes(id));
  }
}

function isSame(known: Finding, news: NewFinding): boolean {
  return (
    known.severity === news.severity &&
    known.component === news.component &&
    known.failure_mode === news.failure_mode &&
    known.momentary === (news.anomalies.length === 0) &&
    known.weight === evidenceWeight(news) &&
    news.triggers.every((trigger) => known.triggers.includes(trigger))
  );
}

/** What is not named is covered by every name, but no name by what has none. */
function isSaidBy(
  known: readonly Finding[],
  news: Pick<Finding, 'component' | 'failure_mode' | 'severity' | 'triggers'>,
): boolean {
  const isAsked = news.triggers.every((id) => known.some(({ triggers }) => triggers.includes(id)));
  return isAsked && known.some((finding) => isAbout(finding, news) && !isWorse(news, finding));
}

function isAbout(known: Finding, news: Pick<Finding, 'component' | 'failure_mode'>): boolean {
  return (
    (news.component === '' || known.component === news.component) &&
    (news.failure_mode === '' || known.failure_mode === news.failure_mode)
  );
}

type Severe = { readonly severity: Severity };

export function isWorse(a: Severe, b: Severe): boolean {
  return SEVERITIES.indexOf(a.severity) > SEVERITIES.indexOf(b.severity);
}

/** Notes that the revision which is made now reports all that is known. */
export function noteReported({ findings }: Episode, time: EventTime): void {
  for (const finding of findings) finding.reported ??= time;
}

export function isAboutComponent(
  { component: own, findings }: Episode,
  component: string,
): boolean {
  return own === component || findings.some((finding) => finding.component === component);
}

/** What is there now: a momentary finding is there until an answer covers it. */
export function standingFindings(episode: Episode): Finding[] {
  const { findings, active } = episode;
  return findings.filter((finding) => {
    if (finding.momentary) return !isAnswered(finding, episode);
    return finding.anomalies.some((id) => active.includes(id));
  });
}

/** What is there now and the last answer does not cover. Nothing while there is no answer. */
export function uncoveredFindings(episode: Episode): Finding[] {
  if (episode.answered === null) return [];
  const covered = coveredFindings(episode);
  return standingFindings(episode).filter((finding) => !isSaidBy(covered, finding));
}

function coveredFindings(episode: Episode): Finding[] {
  return episode.findings.filter((finding) => isAnswered(finding, episode));
}

function isAnswered({ reported }: Finding, { answered }: Episode): boolean {
  return answered !== null && reported !== null && reported <= answered;
}

/** What the last answer does not cover, for people; `worse`: it is the same, but worse. */
export function describeUncovered(episode: Episode): { readonly text: string; worse: boolean } {
  const uncovered = uncoveredFindings(episode);
  const covered = coveredFindings(episode);
  const names = (pick: (finding: Finding) => readonly string[]) => {
    const known = new Set(['', ...covered.flatMap(pick)]);
    return [...new Set(uncovered.flatMap(pick))].filter((name) => !known.has(name));
  };
  const components = names(({ component }) => [component]);
  const modes = names(({ failure_mode }) => [failure_mode]);
  const triggers = names((finding) => finding.triggers);
  const worse = uncovered.filter((finding) => {
    const alike = covered.filter(({ component }) => component === finding.component);
    return (alike.length > 0 ? alike : covered).every((known) => isWorse(finding, known));
  });
  const worst = worse.reduce<Finding | undefined>(
    (most, finding) => (most === undefined || isWorse(finding, most) ? finding : most),
    undefined,
  );
  const parts = [
    ...components.map((name) => `component ${name}`),
    ...modes.map((name) => `failure mode ${name}`),
    ...(worst === undefined ? [] : [`severity ${worst.severity}`]),
    ...(triggers.length === 0 ? [] : [`asked for by ${triggers.join(', ')}`]),
  ];
  const isOther = components.length > 0 || modes.length > 0;
  return { text: parts.join(', '), worse: worst !== undefined && !isOther };
}

/** The worst of each component other than the one that the request names, of what stands or is new, for people. */
export function otherComponents(episode: Episode): string[] {
  const standing = standingFindings(episode);
  const worst = new Map<string, Finding>();
  for (const finding of episode.findings) {
    const { component, reported } = finding;
    if (component === '' || component === episode.component) continue;
    if (reported !== null && !standing.includes(finding)) continue;
    const known = worst.get(component);
    if (known === undefined || isWorse(finding, known)) worst.set(component, finding);
  }
  return [...worst.values()].map((finding) => {
    return findingText(finding) + (standing.includes(finding) ? '' : ', not active now');
  });
}

/** `alarm, failure mode WEAR, at bearing` */
export function findingText({
  severity,
  failure_mode,
  component,
}: Pick<Finding, 'severity' | 'failure_mode' | 'component'>): string {
  const mode = failure_mode === '' ? '' : `, failure mode ${failure_mode}`;
  return `${severity}${mode}${component === '' ? '' : `, at ${component}`}`;
}

/**
 * Takes over what a finding knows better: severity, component, failure mode. Returns what changed, for people. Component and
 * failure mode are of one finding, so that no sentence puts the fault of one component at another.
 */
export function sharpen(
  episode: Episode,
  news: Pick<Finding, 'component' | 'failure_mode' | 'severity' | 'weight'>,
): string[] {
  const { component, failure_mode, severity, weight } = news;
  const changes: string[] = [];
  if (isWorse(news, episode)) {
    episode.severity = severity;
    changes.push(`severity is now ${severity}`);
  }
  const isOther = component !== '' && component !== episode.component;
  const namesMode = failure_mode !== '' && weight >= episode.failure_weight;
  const leads = namesMode ? weight >= episode.component_weight : weight > episode.component_weight;
  const moves = isOther && (episode.component === '' || leads);
  if (component !== '' && (moves || !isOther)) {
    episode.component_weight = Math.max(episode.component_weight, weight);
  }
  const takesMode = namesMode && (!isOther || moves);
  if (moves) {
    if (episode.component !== '' && !takesMode) {
      episode.failure_mode = '';
      episode.failure_weight = 0;
    }
    episode.component = component;
    changes.push(`the component is ${component}`);
  }
  if (!takesMode) return changes;
  episode.failure_weight = weight;
  if (failure_mode !== episode.failure_mode) {
    episode.failure_mode = failure_mode;
    changes.push(`failure mode is now ${failure_mode}`);
  }
  return changes;
}

/** The triggers that asked for a request because of what stands now. */
export function standingTriggers(episode: Episode): string[] {
  const standing = standingFindings(episode);
  const asking = episode.findings.filter(({ rule, component }) => {
    return standing.some((finding) => finding.rule === rule && finding.component === component);
  });
  return episode.triggers.filter((id) => asking.some(({ triggers }) => triggers.includes(id)));
}

/** A new round is about what stands now: what an answer covered and is well again is not in its words. */
export function describeAnew(episode: Episode): void {
  const standing = standingFindings(episode);
  if (standing.length === 0) return;
  Object.assign(episode, {
    component: episode.wide || episode.report !== '' ? '' : episode.scope,
    ...{ severity: SEVERITIES[0], component_weight: 0 },
    ...{ failure_mode: '', failure_weight: 0 },
    rules: [...new Set(standing.map(({ rule }) => rule))],
  } satisfies Partial<Episode>);
  for (const finding of standing) sharpen(episode, finding);
}
