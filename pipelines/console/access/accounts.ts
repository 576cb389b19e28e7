/** Local accounts and keys of programs: one file that only the user who runs the console can read. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { DISK, writeWhole } from '../../base/disk.ts';
import { EXIT, Problem, wrongInput } from '../../base/problem.ts';
import { type HeldRole, heldRoleSchema, type Visitor } from './visitor.ts';

const accountSchema = z.strictObject({
  /** Opaque: what the log has of a person. */
  id: z.string().regex(/^[a-z0-9]{1,32}$/),
  name: z.string(),
  /** Argon2id, with its parameters. */
  password: z.string(),
  roles: z.array(heldRoleSchema),
});

const keySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{1,32}$/),
  name: z.string(),
  /** SHA-256: the key itself is random, so a slow hash would guard nothing. */
  digest: z.string(),
  roles: z.array(heldRoleSchema),
});

const fileSchema = z.strictObject({
  version: z.literal(1),
  accounts: z.array(accountSchema),
  keys: z.array(keySchema),
});

type AccountsFile = z.infer<typeof fileSchema>;
const NONE: AccountsFile = { version: 1, accounts: [], keys: [] };

/** OWASP's first choice for Argon2id (Password Storage Cheat Sheet, 2024): 19 MiB, two passes, one lane. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** The password of nobody: a name that is not there takes as long as one that is. */
const nobody = hash(randomBytes(16).toString('hex'), ARGON2ID);

const FILE = 'accounts.json';
const KEY_PREFIX = 'andon_';
const FEWEST_LETTERS = 10;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._ @-]{0,63}$/u;

/** Accounts as they are now: a file that was changed is read again. */
export interface Accounts {
  /** Who has this name and password; undefined if nobody. */
  check(name: string, password: string): Promise<Visitor | undefined>;
  /** Who has this key; undefined if nobody. */
  program(key: string): Promise<Visitor | undefined>;
  /** Who has this id now; undefined if the account is gone. */
  find(id: string): Promise<Visitor | undefined>;
  list(): Promise<readonly Pick<Visitor, 'id' | 'name' | 'roles' | 'isProgram'>[]>;
  /** Adds an account, or gives the one of this name another password and other roles. */
  put(name: string, password: string, roles: readonly HeldRole[]): Promise<void>;
  /** A new key for a program. It is shown this once. */
  addKey(name: string, roles: readonly HeldRole[]): Promise<string>;
  /** Whether there was such an account or key. */
  remove(name: string): Promise<boolean>;
}

/** The file with the accounts: read again when somebody else has written it. */
interface AccountStore {
  read(): Promise<AccountsFile>;
  write(file: AccountsFile): Promise<void>;
}

function openStore(directory: string): AccountStore {
  const path = join(directory, FILE);
  let known: { readonly changed: number; readonly file: AccountsFile } | undefined;
  return {
    async read() {
      const changed = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      );
      if (changed === undefined) return NONE;
      if (known?.changed !== changed) {
        known = { changed, file: parsed(path, await readFile(path, 'utf8')) };
      }
      return known.file;
    },
    async write(file) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeWhole(DISK, path, [Buffer.from(`${JSON.stringify(file, null, 2)}\n`)]);
      known = undefined;
    },
  };
}

export function openAccounts(directory: string): Accounts {
  const store = openStore(directory);
  return {
    ...changesOf(store),
    async check(name, password) {
      const account = (await store.read()).accounts.find((each) => each.name === name);
      const right = await verify(account?.password ?? (await nobody), password);
      return right && account !== undefined ? visitorOf(account, false) : undefined;
    },
    async program(key) {
      const given = digestOf(key);
      const found = (await store.read()).keys.find(({ digest }) =>
        timingSafeEqual(Buffer.from(digest, 'hex'), given),
      );
      return found === undefined ? undefined : visitorOf(found, true);
    },
    async find(id) {
      const account = (await store.read()).accounts.find((each) => each.id === id);
      return account === undefined ? undefined : visitorOf(account, false);
    },
    async list() {
      const { accounts, keys } = await store.read();
      return [
        ...accounts.map((each) => visitorOf(each, false)),
        ...keys.map((each) => visitorOf(each, true)),
      ];
    },
  };
}

/** What changes the file. */
function changesOf({ read, write }: AccountStore): Pick<Accounts, 'put' | 'addKey' | 'remove'> {
  return {
    async put(name, password, roles) {
      checkName(name);
      checkPassword(password);
      const file = await read();
      const id = file.accounts.find((each) => each.name === name)?.id ?? newId();
      const account = { id, name, password: await hash(password, ARGON2ID), roles: [...roles] };
      const others = file.accounts.filter((each) => each.name !== name);
      await write({ ...file, accounts: [...others, account] });
    },
    async addKey(name, roles) {
      checkName(name);
      const file = await read();
      if (file.keys.some((each) => each.name === name)) {
        const remedy = 'Remove that key, or name another.';
        throw wrongInput('name', 'a name that no key has', name, remedy);
      }
      const key = `${KEY_PREFIX}${randomBytes(24).toString('base64url')}`;
      const entry = { id: newId(), name, digest: digestOf(key).toString('hex'), roles: [...roles] };
      await write({ ...file, keys: [...file.keys, entry] });
      return key;
    },
    async remove(name) {
      const file = await read();
      const accounts = file.accounts.filter((each) => each.name !== name);
      const keys = file.keys.filter((each) => each.name !== name);
      const found = accounts.length < file.accounts.length || keys.length < file.keys.length;
      if (found) await write({ ...file, accounts, keys });
      return found;
    },
  };
}

function visitorOf(
  { id, name, roles }: Pick<Visitor, 'id' | 'name' | 'roles'>,
  isProgram: boolean,
): Visitor {
  return { id, name, roles, isProgram };
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** 80 bits in base 36: says nothing of the person. */
function newId(): string {
  return BigInt(`0x${randomBytes(10).toString('hex')}`).toString(36);
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw wrongInput('name', 'up to 64 letters, digits, blanks and . _ @ -', JSON.stringify(name));
}

function checkPassword(password: string): void {
  if (password.length >= FEWEST_LETTERS && password.length <= 256) return;
  const found = `${password.length}`;
  throw wrongInput('password', `${FEWEST_LETTERS} to 256 characters`, found, 'Take a longer one.');
}

function parsed(path: string, text: string): AccountsFile {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem(
      {
        where: path,
        expected: 'accounts and keys as `andon console account` writes them',
        found: 'something else',
        remedy: 'Restore the file, or remove it and make the accounts anew.',
        exit: EXIT.input,
      },
      { cause },
    );
  }
}
