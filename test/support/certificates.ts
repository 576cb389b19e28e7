import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary.ts';

/** Paths of PEM files, of this test alone. */
export type Certificate = { readonly certificate: string; readonly privateKey: string };
type Issuer = { readonly name: string; readonly key: KeyObject };

const DAY = 86_400_000;
const OIDS = {
  commonName: [0x55, 4, 3],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
};

/** An authority, whose own certificate is `certificate`, and which signs others (X.509 version 3, ECDSA P-256). */
export function certificateAuthority(name: string): Certificate & {
  /** `hosts`: names, or IPv4 numbers. Without days it is valid from yesterday for ten days. */
  issue(name: string, hosts: readonly string[], days?: readonly [number, number]): Certificate;
} {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name, key: privateKey };
  const own = tbs({ issuer: name, name, publicKey, days: [-1, 10], extensions: [authority()] });
  return {
    ...written(signed(own, issuer), privateKey),
    issue(name, hosts, days = [-1, 10]) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = [alternativeNames(hosts)];
      const { publicKey } = pair;
      const body = tbs({ issuer: issuer.name, name, publicKey, days, extensions });
      return written(signed(body, issuer), pair.privateKey);
    },
  };
}

function written(certificate: Buffer, key: KeyObject): Certificate {
  const folder = temporaryDirectory();
  const paths = { certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') };
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n');
  writeFileSync(
    paths.certificate,
    `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  );
  writeFileSync(paths.privateKey, key.export({ type: 'pkcs8', format: 'pem' }));
  return paths;
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: readonly Uint8Array[]) => der(0x30, ...content);
const oid = (bytes: readonly number[]) => der(0x06, Buffer.from(bytes));
const integer = (bytes: readonly number[]) => der(0x02, Buffer.from(bytes));
const named = (name: string) =>
  sequence(der(0x31, sequence(oid(OIDS.commonName), der(0x0c, Buffer.from(name)))));

/** UTCTime, so many days from now. */
function day(from: number): Buffer {
  const text = new Date(Date.now() + from * DAY).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text.slice(2)));
}

function authority(): Buffer {
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])));
  return extension(OIDS.basicConstraints, isAuthority);
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    /^[\d.]+$/.test(host)
      ? der(0x87, Buffer.from(host.split('.').map(Number)))
      : der(0x82, Buffer.from(host)),
  );
  return extension(OIDS.subjectAltName, sequence(...names));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

/** What is signed: everything but the signature. */
function tbs(parts: {
  readonly issuer: string;
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly days: readonly [number, number];
  readonly extensions: readonly Buffer[];
}): Buffer {
  const { issuer, name, publicKey, days, extensions } = parts;
  return sequence(
    der(0xa0, integer([2])),
    integer([1, ...randomBytes(8)]),
    sequence(oid(OIDS.ecdsaWithSha256)),
    named(issuer),
    sequence(day(days[0]), day(days[1])),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
}

function signed(body: Buffer, { key }: Issuer): Buffer {
  const signature = sign('sha256', body, key);
  const bits = der(0x03, Buffer.from([0]), signature);
  return sequence(body, sequence(oid(OIDS.ecdsaWithSha256)), bits);
}
