/**
 * Messages to people by a mail server. A message is known by its Message-ID, which is made from the key of its command: a
 * repeat has the same one, and mail programs show it once. No server can be asked whether it has taken a message, so one
 * whose answer was lost is sent again.
 */

import { createTransport } from 'nodemailer';
import type { Call } from './caller.ts';
import { commandFieldsOf } from './fields.ts';
import { excerpt } from './http.ts';
import { type CallFailure, type CallOutcome, notSent, success } from './outcome.ts';
import { type Environment, reveal, rotating } from './secret.ts';
import {
  type CommandObject,
  NOTHING_GAINED,
  type System,
  type Verb,
  withoutVerb,
} from './system.ts';
import type { MailConfig } from './system-config.ts';
import { fillText, TemplateError, toText } from './template.ts';
import { createBreaker, createRateLimiter } from './throttle.ts';

type MessageConfig = MailConfig['verbs'][string];
type Message = {
  readonly to: string;
  readonly cc?: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
};
type Send = (message: Message, call: Call) => Promise<CallOutcome<string>>;

/** Throws when a secret is not there. */
export function createMailSystem(config: MailConfig, environment: Environment): System {
  const send = createSender(config, environment);
  const verbs = Object.entries(config.verbs).map(([name, message]): readonly [string, Verb] => [
    name,
    messageVerb(send, message, config),
  ]);
  return {
    name: config.name,
    verbs: new Map(verbs),
    without: withoutVerb(config.name, Object.keys(config.verbs)),
  };
}

function messageVerb(send: Send, config: MessageConfig, { maps, from }: MailConfig): Verb {
  const domain = /@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return {
    ...{ kind: 'effect', ask: [], search: undefined, changes: [], state: undefined },
    async create({ command, values }, call): Promise<CallOutcome<CommandObject>> {
      const fields = commandFieldsOf(command, null, values);
      const text = (template: string) => fillText(template, fields, maps, toText);
      const messageId = `<${command.key}@${domain}>`;
      let message: Message;
      try {
        const { to, cc, subject, text: body } = config;
        message = {
          ...{ to: text(to), subject: oneLine(text(subject)), text: text(body), messageId },
          ...(cc === undefined ? {} : { cc: text(cc) }),
        };
      } catch (error) {
        if (error instanceof TemplateError) return notSent(error.message);
        throw error;
      }
      const sent = await send(message, call);
      return sent.kind === 'ok' ? success({ remote: messageId, ...NOTHING_GAINED }) : sent;
    },
  };
}

/** A line break in a subject would begin a header of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** How mail is sent: by which server, as whom, how fast. */
type MailServer = Pick<
  MailConfig,
  'host' | 'port' | 'tls' | 'user' | 'password' | 'from' | 'timeout' | 'rate' | 'breaker'
>;

/** What opens a way to the mail server, with the secrets of that moment. Throws when one is not there. */
function createTransports(config: MailServer, environment: Environment) {
  const host = reveal(config.host, environment);
  const user = config.user === undefined ? undefined : rotating(config.user, environment);
  const password = rotating(config.password ?? '', environment);
  const { port, tls, timeout } = config;
  return () =>
    createTransport({
      ...{ host, port, secure: tls === 'always', requireTLS: tls === 'starttls' },
      ...{ ignoreTLS: tls === 'none', connectionTimeout: timeout, greetingTimeout: timeout },
      ...{ socketTimeout: timeout, disableFileAccess: true, disableUrlAccess: true },
      ...{ socketCloseTimeout: 0 },
      ...(user === undefined ? {} : { auth: { user: user(), pass: password() } }),
    });
}

/** Greets the server and shows who we are, and sends nothing. Rejects when it does not answer, or does not let us in. */
export async function answersMail(config: MailServer, environment: Environment): Promise<void> {
  const transport = createTransports(config, environment)();
  try {
    await transport.verify();
  } finally {
    transport.close();
  }
}

export function createSender(config: MailServer, environment: Environment): Send {
  const open = createTransports(config, environment);
  const limiter = createRateLimiter(config.rate);
  const breaker = createBreaker(config.breaker);
  const { timeout, from } = config;
  return async (message, { priority, signal, sending }) => {
    await limiter.pass(priority, signal);
    return breaker(async () => {
      const transport = open();
      try {
        await sending?.();
        // The other time-outs are of silence: a server that goes on talking would never end.
        const whole = AbortSignal.timeout(timeout);
        const { response } = await transport.sendMail({ from, ...message, signal: whole });
        return success(response);
      } catch (error) {
        return classifyMailError(error);
      } finally {
        transport.close();
      }
    });
  };
}

/** What a server says in its reply code (RFC 5321, 4.2.1); without one, whether it was reached at all. */
export function classifyMailError(error: unknown): CallFailure {
  if (!(error instanceof Error)) return unsure(String(error));
  const code = 'code' in error ? String(error.code) : '';
  const reply = 'responseCode' in error ? Number(error.responseCode) : Number.NaN;
  if (code === 'EABORT') return unsure('no end of the conversation in time');
  const note = excerpt(error.message);
  // Our credentials, or the line, are wrong, and not the message.
  if (code === 'EAUTH' || code === 'ETLS') return later(note, true);
  if (reply >= 400 && reply < 500) return later(note, reply === 421);
  if (reply >= 500) return { kind: 'rejected', note, status: reply };
  if (code === 'EENVELOPE' || code === 'EMESSAGE') return { kind: 'rejected', note, status: null };
  // No server was reached. Of a line that breaks later nobody says at which step of the dialogue.
  const syscall = 'syscall' in error ? String(error.syscall) : '';
  return ['connect', 'getaddrinfo'].includes(syscall) ? later(note, true) : unsure(note);
}

function later(note: string, down: boolean): CallFailure {
  return { kind: 'retryable', note, status: null, after: null, down };
}

function unsure(note: string): CallFailure {
  return { kind: 'unknown', note, status: null, answered: false };
}
