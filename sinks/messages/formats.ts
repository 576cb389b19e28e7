/**
 * Messages as each service takes them. Sources: Slack "Incoming webhooks" and "Formatting text"; Microsoft "Workflows"
 * (Adaptive Card in an envelope of the type `message`); PagerDuty "Events API v2"; Standard Webhooks 1.0; Alertmanager API v2.
 */

import type { Severity } from '../../operators/model/detector-rule.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import { locate } from '../../operators/model/key.ts';
import { webhookSignature } from '../remote/webhook.ts';
import {
  gravestSeverity,
  type OutgoingMessage,
  plainText,
  type ReportedProblem,
  textOf,
  titleOf,
} from './message.ts';
import { messageWords } from './message-text.ts';

/** One call: its body, and headers beside the usual ones. */
export type Post = {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

const plain = (body: unknown): Post => ({ body: JSON.stringify(body), headers: {} });

/** A section of Slack holds 3,000 characters. */
const LONGEST_SECTION = 2_900;

/** Slack: sections of mrkdwn. `to` is the id of a member, who is mentioned. */
export function slackPost(message: OutgoingMessage): Post {
  const { subject, items, more, links } = textOf(message);
  const mention = message.to === undefined ? '' : `<@${message.to.replaceAll(/[^A-Z0-9]/g, '')}> `;
  const section = (text: string) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: text.slice(0, LONGEST_SECTION) },
  });
  const linked = links.map(({ title, url }) => `<${url}|${title}>`).join(' · ');
  return plain({
    text: `${mention}${escapeMrkdwn(subject)}`,
    blocks: [
      section(`${mention}*${escapeMrkdwn(subject)}*`),
      ...items.map(({ title, lines }) =>
        section([`*${escapeMrkdwn(title)}*`, ...lines.map(escapeMrkdwn)].join('\n')),
      ),
      ...(more === 0 ? [] : [section(messageWords(message.language)('andMore', { count: more }))]),
      ...(linked === '' ? [] : [section(linked)]),
    ],
  });
}

/** The three signs that mean something to Slack; an asterisk of a name is none of ours. */
function escapeMrkdwn(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped.replaceAll(/[*_~`]/g, (sign) => `\u200b${sign}`);
}

/** Teams: the webhook of a workflow takes Adaptive Cards alone, 28 kB at most. */
export function teamsPost(message: OutgoingMessage): Post {
  const { subject, items, more, links } = textOf(message);
  const block = (text: string, more: object = {}) => ({
    ...{ type: 'TextBlock', text: escapeMarkdown(text.slice(0, 1_000)), wrap: true },
    ...more,
  });
  return plain({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            block(subject, { weight: 'Bolder', size: 'Medium' }),
            ...items.flatMap(({ title, lines }) => [
              block(title, { weight: 'Bolder', spacing: 'Medium' }),
              ...lines.map((line) => block(line, { spacing: 'None' })),
            ]),
            ...(more === 0
              ? []
              : [block(messageWords(message.language)('andMore', { count: more }))]),
          ],
          actions: links.map(({ title, url }) => ({ type: 'Action.OpenUrl', title, url })),
        },
      },
    ],
  });
}

/** Cards read markdown: what is none is written so that it is none. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_[\]#~]/g, (sign) => `\\${sign}`);
}

const PAGERDUTY: Readonly<Record<Severity, string>> = {
  notice: 'info',
  warning: 'warning',
  alarm: 'error',
  danger: 'critical',
};

/** PagerDuty: one event for each problem, known by its request, so that a repeat changes nothing there. */
export function pagerdutyPosts(message: OutgoingMessage, routingKey: string): readonly Post[] {
  const { kind, problems, console: base } = message;
  const client = { client: 'Andon', ...(base === undefined ? {} : { client_url: base }) };
  if (kind === 'test') {
    const { subject: summary } = textOf(message);
    const payload = { summary, source: 'andon', severity: 'info' };
    const about = { routing_key: routingKey, dedup_key: 'andon/test', ...client };
    // It is resolved at once: nobody is woken for long.
    return [
      plain({ ...about, event_action: 'trigger', payload }),
      plain({ ...about, event_action: 'resolve' }),
    ];
  }
  return problems.map((problem) => {
    const about = { routing_key: routingKey, dedup_key: `andon/${problem.key}`, ...client };
    if (kind === 'over') return plain({ ...about, event_action: 'resolve' });
    const { links } = textOf({ ...message, problems: [problem] });
    return plain({
      ...about,
      event_action: 'trigger',
      payload: pagerdutyPayload(problem, message),
      links: links.map(({ title, url }) => ({ href: url, text: title })),
    });
  });
}

function pagerdutyPayload(problem: ReportedProblem, { time, language }: OutgoingMessage) {
  const { asset, severity, failure_mode, because, since, key } = problem;
  const { plant, line, asset: id } = locate(asset as AssetKey);
  return {
    // No longer than PagerDuty takes.
    summary: titleOf(problem, language).slice(0, 1_024),
    source: asset,
    severity: PAGERDUTY[severity],
    timestamp: new Date(time).toISOString(),
    component: id,
    group: `${plant}/${line}`,
    class: failure_mode === '' ? 'unknown' : failure_mode,
    custom_details: { because, since, request: key },
  };
}

/** Standard Webhooks: the signature is over id, time and body, so that nobody can change one or play it again later. */
export function webhookPost(message: OutgoingMessage, key: Buffer, now: number): Post {
  const { id, kind, problems, time, to, language } = message;
  const body = JSON.stringify({
    type: `andon.problem.${kind}`,
    timestamp: new Date(time).toISOString(),
    data: {
      ...{ severity: gravestSeverity(message), to: to ?? null, problems },
      // For a service that only shows it.
      ...{ language, subject: textOf(message).subject, text: plainText(message) },
    },
  });
  const seconds = Math.floor(now / 1_000);
  return {
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${webhookSignature(key, id, seconds, body).toString('base64')}`,
    },
  };
}

/** Whoever is not told again takes an alert for over after five minutes: so it says for how long it is true. */
const HELD = 30 * 86_400_000;

/** Alertmanager: one alert for each problem; the labels are its identity. */
export function alertmanagerPost(message: OutgoingMessage): Post {
  const { kind, problems, time, language, console: base } = message;
  if (kind === 'test') {
    const labels = { alertname: 'AndonTest', severity: 'notice' };
    return plain([{ labels, annotations: {}, endsAt: new Date(time + 60_000).toISOString() }]);
  }
  return plain(
    problems.map((problem) => {
      const { asset, severity, because, since, key } = problem;
      const { plant, line, asset: id } = locate(asset as AssetKey);
      const [link] = textOf({ ...message, problems: [problem] }).links;
      return {
        // Without the severity, or a problem that gets worse would be another one.
        labels: { alertname: 'AndonProblem', plant, line, asset: id, problem: key },
        annotations: { summary: titleOf(problem, language), description: because, severity },
        startsAt: since,
        endsAt: new Date(kind === 'over' ? time : time + HELD).toISOString(),
        ...(base === undefined || link === undefined ? {} : { generatorURL: link.url }),
      };
    }),
  );
}
