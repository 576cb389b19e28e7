import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../pipelines/base/config.ts';
import { textOf } from '../support/architecture.ts';

const { version } = JSON.parse(textOf('package.json'));
const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

test('all that names a version names this one', () => {
  const named = [
    /-t andon:(\S+)/.exec(textOf('deploy/container/Containerfile'))?.[1],
    ...[...textOf('deploy/compose/compose.yaml').matchAll(/image: andon:(\S+)/g)].map(
      ([, of]) => of,
    ),
    parse(textOf('deploy/helm/andon/Chart.yaml')).version,
    parse(textOf('deploy/helm/andon/Chart.yaml')).appVersion,
  ];
  expect(new Set(named)).toEqual(new Set([version]));
});

test('what the image copies is let through by .dockerignore, and is there', () => {
  const letThrough = [...textOf('.dockerignore').matchAll(/^!(.*)$/gm)].map(([, name]) => name);
  const script = textOf('scripts/package.js');
  const copied = [
    ...(/const COPIED = \[[\s\S]*?\];/.exec(script)?.[0] ?? '').matchAll(/'([^']+)'/g),
  ]
    .map(([, name = '']) => name.split('/')[0])
    .filter((name) => name !== '');
  expect(copied.length).toBeGreaterThan(5);
  expect(letThrough).toEqual(expect.arrayContaining(copied));
});

test('the container has no root, and what compose runs of it no writable root', () => {
  expect(textOf('deploy/container/Containerfile')).toMatch(/^USER 10001:10001$/m);
  expect(textOf('deploy/container/Containerfile')).toMatch(/^HEALTHCHECK /m);
  const { services } = parse(textOf('deploy/compose/compose.yaml'), { merge: true });
  for (const { ports } of Object.values<{ ports: readonly string[] }>(services)) {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
  const own = Object.values<{ image: string }>(services).filter(({ image }) =>
    /^andon:/.test(image),
  );
  expect(own).toHaveLength(2);
  for (const service of own) {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(service).toMatchObject({ depends_on: { nats: {}, clickhouse: {} } });
  }
});

test('the console of compose listens where its port leads, and its own health is looked at', () => {
  const { services, volumes } = parse(textOf('deploy/compose/compose.yaml'), { merge: true });
  const { command, environment, healthcheck, ports, volumes: mounted } = services.console;
  const config = readConfig(undefined, environment);
  expect(command).toEqual(['console']);
  expect(config.console.host).toBe('0.0.0.0');
  expect(ports).toEqual([`127.0.0.1:8080:${config.console.port}`]);
  expect(healthcheck.test.join(' ')).toContain(`:${config.console.port}/healthz`);
  expect(textOf('deploy/container/Containerfile')).toMatch(
    new RegExp(`^EXPOSE .*\\b${config.console.port}\\b`, 'm'),
  );
  // Accounts outlive the container.
  for (const each of mounted) expect(Object.keys(volumes)).toContain(each.split(':')[0]);
});

test('the chart has the console beside the workers, and none is taken for the other', () => {
  const { console: values } = parse(textOf('deploy/helm/andon/values.yaml'));
  expect(values).toMatchObject({ enabled: true, storage: { size: '1Gi' } });
  const schema = JSON.parse(textOf('deploy/helm/andon/values.schema.json'));
  expect(Object.keys(values).sort()).toEqual(
    Object.keys(schema.properties.console.properties).sort(),
  );
  const names = [...textOf('deploy/helm/andon/templates/_helpers.tpl').matchAll(/name: (\S+)$/gm)];
  expect(names.map(([, name]) => name)).toEqual(['andon', 'andon-console']);
  for (const file of ['console.yaml', 'workers.yaml']) {
    const template = textOf(`deploy/helm/andon/templates/${file}`);
    const opened = [...template.matchAll(/\{\{-? (?:if|with|range) /g)].length;
    expect([...template.matchAll(/\{\{-? end \}\}/g)]).toHaveLength(opened);
    const own = file === 'console.yaml' ? /"andon\.console\.selector"/ : /"andon\.selector"/;
    expect(template.match(/include "andon[a-z.]*selector"/g)?.every((each) => own.test(each))).toBe(
      true,
    );
    expect(template).toMatch(/readOnlyRootFilesystem: true/);
  }
});

/** Programs that are not on every machine. */
function lint(command: string, args: readonly string[]) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return error === undefined ? { status, said: `${stdout}${stderr}` } : undefined;
}

test('systemd takes the units as they are', ({ skip }) => {
  const units = readdirSync(`${DEPLOY}systemd`).map((name) => `${DEPLOY}systemd/${name}`);
  const found = lint('systemd-analyze', ['verify', ...units]);
  if (found === undefined) return skip('systemd-analyze is not here');
  // /usr/bin/node is where the package of the distribution puts it; it need not be on this machine.
  const rest = found.said
    .split('\n')
    .filter((line) => line !== '' && !/is not executable/.test(line));
  expect(rest).toEqual([]);
});

test('helm finds nothing wrong with the chart', ({ skip }) => {
  const found = lint(process.env.HELM_BIN ?? 'helm', ['lint', '--strict', `${DEPLOY}helm/andon`]);
  if (found === undefined) return skip('helm is not here (HELM_BIN)');
  expect(found).toMatchObject({ status: 0 });
});

test('hadolint finds nothing wrong with the image', ({ skip }) => {
  const command = process.env.HADOLINT_BIN ?? 'hadolint';
  const found = lint(command, [`${DEPLOY}container/Containerfile`]);
  if (found === undefined) return skip('hadolint is not here (HADOLINT_BIN)');
  expect(found).toEqual({ status: 0, said: '' });
});
