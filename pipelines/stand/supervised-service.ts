import type { Exit } from '../base/child.ts';
import { type Supervised, type SupervisorEvent, supervise } from '../base/supervise.ts';
import { GRACE, type Program, type Service, type Variables } from './service.ts';

/** Lines that are kept: a stand may run for days. */
const KEPT_LINES = 1_000;

/**
 * A process that is started again whenever it ends, until it is stopped: for stands that nobody looks after. Whoever kills
 * it finds it in its next life.
 */
export function superviseService(
  program: Program,
  onEvent: (event: SupervisorEvent) => void,
): Service {
  const lines: string[] = [];
  let supervised: Supervised | undefined;
  let waiting: ((exit: Exit) => void)[] = [];

  function hear(event: SupervisorEvent): void {
    if (event.kind === 'child-line') {
      lines.push(event.line);
      if (lines.length > KEPT_LINES) lines.shift();
    }
    if (event.kind === 'child-exited') {
      const exit = exitOf(event.reason);
      for (const resolve of waiting) resolve(exit);
      waiting = [];
    }
    onEvent(event);
  }

  function begin(env: Variables = {}, options: readonly string[]): Supervised {
    supervised = supervise({
      grace: GRACE,
      ...program,
      args: [...program.args, ...options],
      env: { ...program.env, ...env },
      onEvent: hear,
    });
    return supervised;
  }

  const ended = () => new Promise<Exit>((resolve) => waiting.push(resolve));

  return {
    lines,
    pid: () => supervised?.pid(),
    start: (env, ...options) => begin(env, options).ready,
    live(env, ...options) {
      begin(env, options);
      return ended();
    },
    ended,
    async kill() {
      const pid = supervised?.pid();
      if (pid === undefined) return;
      const gone = ended();
      process.kill(pid, 'SIGKILL');
      await gone;
    },
    async stop() {
      const gone = supervised?.pid() === undefined ? undefined : ended();
      await supervised?.stop();
      supervised = undefined;
      return (await gone) ?? { code: null, signal: null };
    },
  };
}

/** A supervisor says how a life ended as a signal, or as `exit code 3`. */
function exitOf(reason: string): Exit {
  const [, code] = /^exit code (\d+)$/.exec(reason) ?? [];
  return code === undefined
    ? { code: null, signal: reason as NodeJS.Signals }
    : { code: Number(code), signal: null };
}
